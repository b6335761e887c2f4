import Foundation

/// Properties of the terminal that output goes to.
enum Terminal {
    /// The number of columns: the terminal's, else `$COLUMNS`, else 80.
    static func width(of descriptor: Int32) -> Int {
        var size = winsize()
        if ioctl(descriptor, UInt(TIOCGWINSZ), &size) == 0, size.ws_col > 0 {
            return Int(size.ws_col)
        }
        let columns = Environment.value(of: "COLUMNS").flatMap { Int($0) }
        return columns.map { max(20, $0) } ?? 80
    }

    /// Whether output is styled: only on a terminal, and not if `NO_COLOR` is set
    /// (https://no-color.org).
    static let hasColors: Bool = {
        Output.isTerminal && Environment.value(of: "NO_COLOR") == nil
            && Environment.value(of: "TERM") != "dumb"
    }()

    enum Style: String {
        case bold = "1"
        case dim = "2"
    }

    /// The escape sequences that this program itself writes to standard output: styles.
    static let styles = ["\u{1B}[0m", "\u{1B}[1m", "\u{1B}[2m"].map { Array($0.utf8) }
    /// Those for standard error, which also draw the progress line.
    static let controls = styles + [clearing, "\r"].map { Array($0.utf8) }

    /// Clears from the cursor to the end of the line.
    static let clearing = "\u{1B}[K"

    static func styled(_ text: String, _ style: Style) -> String {
        hasColors ? "\u{1B}[\(style.rawValue)m\(text)\u{1B}[0m" : text
    }
}
