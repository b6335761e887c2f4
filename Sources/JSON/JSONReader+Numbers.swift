extension JSONReader {
    package struct Number: Sendable {
        package let double: Double
        /// The exact value, if it is written without fraction and exponent and fits.
        package let integer: Int64?
        /// Whether it is an integer beyond 64 bits, which `double` only approximates.
        package let isLarge: Bool

        init(double: Double, integer: Int64?, isLarge: Bool = false) {
            self.double = double
            self.integer = integer
            self.isLarge = isLarge
        }
    }

    /// -? digits [. digits] [e digits], without leading zeros; finite as a double.
    ///
    /// A mantissa below 2^53, multiplied or divided by a power of ten up to 10^22, is correctly
    /// rounded in one operation (Clinger 1990). Longer numbers take the slow path.
    package mutating func number() throws(JSONError) -> Number {
        _ = next()
        let start = position
        let isNegative = take("-")
        let firstDigit = position
        var mantissa: UInt64 = 0
        var exponent = 0
        var digits = takeDigits(into: &mantissa)
        if digits == 0 {
            throw failure(.value, isNegative ? .invalidNumber : nil, at: start)
        }
        if digits > 1, base[firstDigit] == UInt8(ascii: "0") {
            throw failure(.numberWithoutLeadingZero, .invalidNumber, at: firstDigit)
        }
        var isInteger = true
        if take(".") {
            isInteger = false
            let fraction = takeDigits(into: &mantissa)
            if fraction == 0 { throw failure(.digit, .invalidNumber) }
            exponent = -fraction
            digits += fraction
        }
        if take("e") || take("E") {
            isInteger = false
            let isDown = take("-")
            if !isDown { _ = take("+") }
            var power: UInt64 = 0
            let powerDigits = takeDigits(into: &power)
            if powerDigits == 0 { throw failure(.digit, .invalidNumber) }
            // Longer exponents may have overflowed; leave them to the slow path.
            let size = powerDigits <= 18 ? Int(min(power, 100_000)) : 100_000
            exponent += isDown ? -size : size
        }
        if digits <= 18, isInteger {
            let value = Int64(mantissa)
            return Number(
                double: isNegative ? -Double(value) : Double(value),
                integer: isNegative ? -value : value)
        }
        if digits <= 19, mantissa < 1 << 53, abs(exponent) <= 22 {
            let scale = Self.powersOfTen[abs(exponent)]
            let value = exponent < 0 ? Double(mantissa) / scale : Double(mantissa) * scale
            return Number(double: isNegative ? -value : value, integer: nil)
        }
        return try longNumber(start: start, isInteger: isInteger)
    }

    /// Appends the next digits to `value`, ignoring overflow. Returns their number.
    @inline(__always)
    private mutating func takeDigits(into value: inout UInt64) -> Int {
        let start = position
        while position < count {
            let digit = base[position] &- UInt8(ascii: "0")
            guard digit < 10 else { break }
            value = value &* 10 &+ UInt64(digit)
            position += 1
        }
        return position - start
    }

    private mutating func longNumber(start: Int, isInteger: Bool) throws(JSONError) -> Number {
        let text = String(
            decoding: UnsafeBufferPointer(start: base + start, count: position - start),
            as: UTF8.self)
        guard let value = Double(text), value.isFinite else {
            throw failure(.numberInRange, .invalidNumber, at: start)
        }
        let integer = isInteger ? Int64(text) : nil
        return Number(double: value, integer: integer, isLarge: isInteger && integer == nil)
    }

    /// The next number as a value that keeps every digit of an integer.
    mutating func numberValue() throws(JSONError) -> JSONValue {
        _ = next()
        let start = position
        let number = try number()
        if let integer = number.integer { return .integer(integer) }
        if number.isLarge {
            let digits = UnsafeBufferPointer(start: base + start, count: position - start)
            if let large = LargeInteger(String(decoding: digits, as: UTF8.self)) {
                return .largeInteger(large)
            }
        }
        return .number(number.double)
    }

    private static let powersOfTen: [Double] = [
        1e0, 1e1, 1e2, 1e3, 1e4, 1e5, 1e6, 1e7, 1e8, 1e9, 1e10, 1e11, 1e12, 1e13, 1e14, 1e15,
        1e16, 1e17, 1e18, 1e19, 1e20, 1e21, 1e22,
    ]

    /// An array of numbers.
    package mutating func floats(reserving count: Int = 0) throws(JSONError) -> [Float] {
        var values: [Float] = []
        values.reserveCapacity(count)
        try enterArray()
        while try nextElement() { values.append(Float(try number().double)) }
        return values
    }
}
