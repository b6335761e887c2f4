import Foundation

/// What is known about the terminal that output goes to.
enum Terminal {
    /// Columns: the terminal's, else `$COLUMNS`, else 80.
    static func width(of descriptor: Int32) -> Int {
        var size = winsize()
        if ioctl(descriptor, UInt(TIOCGWINSZ), &size) == 0, size.ws_col > 0 {
            return Int(size.ws_col)
        }
        let columns = ProcessInfo.processInfo.environment["COLUMNS"].flatMap { Int($0) }
        return columns.map { max(20, $0) } ?? 80
    }

    /// Colours only where a person looks, and has not said no (https://no-color.org).
    static let hasColours: Bool = {
        let environment = ProcessInfo.processInfo.environment
        return Output.isTerminal && (environment["NO_COLOR"] ?? "").isEmpty
            && environment["TERM"] != "dumb"
    }()

    enum Style: String {
        case bold = "1"
        case dim = "2"
    }

    /// What this program itself sends to a terminal beside text: styles.
    static let styles = ["\u{1B}[0m", "\u{1B}[1m", "\u{1B}[2m"].map { Array($0.utf8) }
    /// And what draws a progress bar.
    static let controls = styles + [clearing, "\r"].map { Array($0.utf8) }

    /// From the cursor to the end of its line.
    static let clearing = "\u{1B}[K"

    static func styled(_ text: String, _ style: Style) -> String {
        hasColours ? "\u{1B}[\(style.rawValue)m\(text)\u{1B}[0m" : text
    }
}
