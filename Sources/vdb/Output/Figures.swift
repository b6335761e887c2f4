import Foundation

/// Formats numbers for people.
enum Figures {
    /// 1234567 as "1,234,567".
    static func grouped(_ number: Int) -> String {
        var digits = String(number.magnitude)
        var groups: [String] = []
        while digits.count > 3 {
            groups.insert(String(digits.suffix(3)), at: 0)
            digits.removeLast(3)
        }
        return (number < 0 ? "-" : "") + ([digits] + groups).joined(separator: ",")
    }

    /// The number with `digits` digits after the point.
    static func fixed(_ value: Double, _ digits: Int) -> String {
        String(format: "%.\(digits)f", value)
    }

    /// Like `fixed`, with a sign also for positive numbers.
    static func signed(_ value: Double, _ digits: Int) -> String {
        String(format: "%+.\(digits)f", value)
    }

    /// 0.25 as "0.25", 1.0 as "1".
    static func short(_ value: Double) -> String { String(format: "%g", value) }

    /// "2:05", or "1:02:05".
    static func duration(_ seconds: Double) -> String {
        let total = Int(min(seconds.rounded(.up), 359_999))
        let (hours, minutes, rest) = (total / 3600, total / 60 % 60, total % 60)
        func two(_ number: Int) -> String { (number < 10 ? "0" : "") + String(number) }
        return hours > 0
            ? "\(hours):\(two(minutes)):\(two(rest))" : "\(minutes):\(two(rest))"
    }

    /// "512 bytes", "1.5 kB", "27.3 MB".
    static func size(_ bytes: Int) -> String {
        guard bytes >= 1000 else { return "\(bytes) bytes" }
        var value = Double(bytes) / 1000
        var units = ["kB", "MB", "GB"]
        while value >= 1000, units.count > 1 {
            value /= 1000
            units.removeFirst()
        }
        return fixed(value, 1) + " " + units[0]
    }

    /// "1 step", "2 steps".
    static func count(_ number: Int, _ noun: String) -> String {
        "\(grouped(number)) \(noun)\(number == 1 ? "" : "s")"
    }
}
