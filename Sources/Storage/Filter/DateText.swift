/// Dates and times as texts have them.
///
/// Read are ISO 8601 from the year alone (`2024`) to fractions of seconds with an offset
/// (`2024-01-31T12:00:00.5+02:00`; a space may stand for the T), and the dates of mail (RFC 5322:
/// `Mon, 1 Jan 2024 10:00:00 +0100`). Without an offset a time is UTC.
package enum DateText {
    /// The time that a text names, in seconds since 1970 UTC: from its first moment to, exclusively,
    /// its last. A date is a whole day, a year a whole year.
    package struct Range: Sendable, Equatable {
        package let start: Double
        package let end: Double

        package init(start: Double, end: Double) {
            self.start = start
            self.end = end
        }
    }

    /// - Returns: `nil` for a text that is no date.
    package static func range(of text: some StringProtocol) -> Range? {
        var scanner = Scanner(Array(text.utf8.prefix(64)))
        scanner.skipSpace()
        guard let first = scanner.peek() else { return nil }
        let isISO = (48...57).contains(first) && scanner.digitCount() == 4
        guard let range = isISO ? iso(&scanner) : mail(&scanner) else { return nil }
        scanner.skipSpace()
        return scanner.peek() == nil ? range : nil
    }

    private static func iso(_ scanner: inout Scanner) -> Range? {
        guard let year = scanner.number(4) else { return nil }
        func day(_ year: Int, _ month: Int, _ day: Int) -> Double {
            Double(days(year, month, day)) * 86_400
        }
        guard scanner.take("-") else {
            return Range(start: day(year, 1, 1), end: day(year + 1, 1, 1))
        }
        guard let month = scanner.number(2), (1...12).contains(month) else { return nil }
        guard scanner.take("-") else {
            let next = month == 12 ? (year + 1, 1) : (year, month + 1)
            return Range(start: day(year, month, 1), end: day(next.0, next.1, 1))
        }
        guard let date = scanner.number(2), (1...length(year, month)).contains(date) else {
            return nil
        }
        let start = day(year, month, date)
        guard scanner.take("T") || scanner.take("t") || scanner.takeSpaceBeforeDigit() else {
            return Range(start: start, end: start + 86_400)
        }
        return time(&scanner, from: start, isMail: false)
    }

    private static let months = [
        "jan", "feb", "mar", "apr", "may", "jun", "jul", "aug", "sep", "oct", "nov", "dec",
    ]

    private static func mail(_ scanner: inout Scanner) -> Range? {
        if let word = scanner.word(), word.count >= 3 {
            _ = scanner.take(",")
            scanner.skipSpace()
        }
        guard let date = scanner.number(2) ?? scanner.number(1) else { return nil }
        scanner.skipSpace()
        guard let name = scanner.word(), let month = months.firstIndex(of: name.lowercased()) else {
            return nil
        }
        scanner.skipSpace()
        guard let year = scanner.number(4), (1...length(year, month + 1)).contains(date) else {
            return nil
        }
        let start = Double(days(year, month + 1, date)) * 86_400
        scanner.skipSpace()
        if scanner.peek() == nil { return Range(start: start, end: start + 86_400) }
        return time(&scanner, from: start, isMail: true)
    }

    /// A time of the day and an offset.
    private static func time(
        _ scanner: inout Scanner, from day: Double, isMail: Bool
    ) -> Range? {
        guard let hour = scanner.number(2), hour <= 24, scanner.take(":"),
            let minute = scanner.number(2), minute < 60
        else { return nil }
        var start = day + Double(hour * 3600 + minute * 60)
        var width = 60.0
        if scanner.take(":") {
            guard let second = scanner.number(2), second <= 60 else { return nil }
            start += Double(second)
            width = 1
            if scanner.take(".") || scanner.take(",") {
                while let digit = scanner.number(1) {
                    width /= 10
                    start += Double(digit) * width
                }
            }
        }
        scanner.skipSpace()
        if let sign = scanner.peek(), sign == UInt8(ascii: "+") || sign == UInt8(ascii: "-") {
            _ = scanner.take(sign == UInt8(ascii: "+") ? "+" : "-")
            guard let hours = scanner.number(2) else { return nil }
            _ = scanner.take(":")
            let offset = Double(hours * 3600 + (scanner.number(2) ?? 0) * 60)
            start -= sign == UInt8(ascii: "+") ? offset : -offset
        } else if let zone = scanner.word() {
            guard ["Z", "z", "UTC", "GMT"].contains(zone) else { return nil }
        }
        if isMail, scanner.peek() == UInt8(ascii: "(") { scanner.skipAll() }
        return Range(start: start, end: start + width)
    }

    private static func isLeap(_ year: Int) -> Bool {
        year % 4 == 0 && (year % 100 != 0 || year % 400 == 0)
    }

    private static func length(_ year: Int, _ month: Int) -> Int {
        [31, isLeap(year) ? 29 : 28, 31, 30, 31, 30, 31, 31, 30, 31, 30, 31][month - 1]
    }

    /// Days since 1 January 1970 in the Gregorian calendar (Hinnant, "chrono-compatible low-level date
    /// algorithms", 2013).
    private static func days(_ year: Int, _ month: Int, _ day: Int) -> Int {
        let shifted = month <= 2 ? year - 1 : year
        let era = (shifted >= 0 ? shifted : shifted - 399) / 400
        let yearOfEra = shifted - era * 400
        let dayOfYear = (153 * (month > 2 ? month - 3 : month + 9) + 2) / 5 + day - 1
        let dayOfEra = yearOfEra * 365 + yearOfEra / 4 - yearOfEra / 100 + dayOfYear
        return era * 146_097 + dayOfEra - 719_468
    }

    private struct Scanner {
        private let bytes: [UInt8]
        private var index = 0

        init(_ bytes: [UInt8]) { self.bytes = bytes }

        func peek() -> UInt8? { index < bytes.count ? bytes[index] : nil }

        func digitCount() -> Int { bytes[index...].prefix { (48...57).contains($0) }.count }

        mutating func skipSpace() { while peek() == 32 { index += 1 } }

        mutating func skipAll() { index = bytes.count }

        mutating func take(_ character: Character) -> Bool {
            guard peek() == character.asciiValue else { return false }
            index += 1
            return true
        }

        mutating func takeSpaceBeforeDigit() -> Bool {
            guard peek() == 32, index + 1 < bytes.count, (48...57).contains(bytes[index + 1])
            else { return false }
            index += 1
            return true
        }

        /// Exactly `count` digits; `nil`, and nothing is taken, if there are fewer.
        mutating func number(_ count: Int) -> Int? {
            guard digitCount() >= count else { return nil }
            defer { index += count }
            return bytes[index..<index + count].reduce(0) { $0 * 10 + Int($1) - 48 }
        }

        mutating func word() -> String? {
            let letters = bytes[index...].prefix {
                (65...90).contains($0) || (97...122).contains($0)
            }
            index += letters.count
            return letters.isEmpty ? nil : String(decoding: letters, as: UTF8.self)
        }
    }
}
