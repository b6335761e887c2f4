import ArgumentParser

/// Ranges of numbers on the command line.
///
/// The upper bounds are far beyond what is useful, and small enough that sums and products of such
/// numbers cannot overflow.
enum NumberLimits {
    static let threads = 1...1024
    /// Rows, passages or documents processed at once.
    static let batch = 1...(1 << 20)
    /// Seconds between two looks at files.
    static let pollSeconds = 1...86_400
    /// Parts of a collection.
    static let places = 1...1024
    /// Numbers of parts.
    static let placeNumbers = 0...1023
    /// Tokens in a text.
    static let tokens = 1...(1 << 20)
    /// Seconds to wait: eleven days.
    static let seconds = 0...1_000_000
}

/// Throws unless a number is at least 1.
func requirePositive(_ number: Int?, _ option: String) throws {
    if let number, number < 1 {
        throw ValidationError("\(option) must be at least 1, not \(number)")
    }
}

/// Throws unless a number is in a range.
func require(_ number: Int?, in range: ClosedRange<Int>, _ option: String) throws {
    if let number, !range.contains(number) {
        throw ValidationError(
            "\(option) must be between \(range.lowerBound) and \(range.upperBound), not \(number)")
    }
}
