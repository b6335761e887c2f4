/// Lays out text in the columns of a terminal: width, truncation, wrapping and tables.
enum Columns {
    /// Text aligned to the left of a column.
    static func left(_ text: String, _ width: Int) -> String {
        text + String(repeating: " ", count: max(0, width - self.width(of: text)))
    }

    /// Text aligned to the right of a column, after at least `gap` spaces.
    static func right(_ text: String, _ width: Int, gap: Int = 1) -> String {
        String(repeating: " ", count: max(gap, width - self.width(of: text))) + text
    }

    /// Names and values, one pair a line, with aligned values.
    static func facts(_ rows: [(name: String, value: String)]) -> [String] {
        let width = rows.map { self.width(of: $0.name) }.max() ?? 0
        return rows.map { Terminal.styled(left($0.name, width + 2), .dim) + $0.value }
    }

    /// The number of columns of a character: 0 for combining marks, 2 for wide ones.
    static func width(of character: Character) -> Int {
        guard let scalar = character.unicodeScalars.first else { return 0 }
        switch scalar.value {
        case 0..<0x300: return 1
        case 0x1100...0x115F, 0x2E80...0x303E, 0x3041...0x33FF, 0x3400...0x4DBF, 0x4E00...0x9FFF,
            0xA000...0xA4CF, 0xAC00...0xD7A3, 0xF900...0xFAFF, 0xFE30...0xFE6F, 0xFF00...0xFF60,
            0xFFE0...0xFFE6, 0x1F300...0x1F64F, 0x1F680...0x1F6FF, 0x1F900...0x1FAFF,
            0x20000...0x3FFFD:
            return 2
        default:
            return scalar.properties.generalCategory == .nonspacingMark ? 0 : 1
        }
    }

    static func width(of text: String) -> Int { text.reduce(0) { $0 + width(of: $1) } }

    /// Collapses white space and removes control and bidirectional formatting characters, so that
    /// stored text cannot control the terminal.
    static func plain(_ text: String) -> String {
        let words = text.split { $0.isWhitespace || $0.isNewline }
        return String(
            words.joined(separator: " ").unicodeScalars.filter {
                $0.properties.generalCategory != .control && !$0.properties.isBidiControl
            }.map { Character($0) })
    }

    /// The text in at most `columns`, with an ellipsis at its end if it is truncated.
    static func truncated(_ text: String, to columns: Int) -> String {
        if width(of: text) <= columns { return text }
        var result = ""
        var used = 0
        for character in text {
            let next = width(of: character)
            if used + next > columns - 1 { break }
            result.append(character)
            used += next
        }
        return result + "…"
    }

    /// Wraps the text to lines of at most `columns`, between words if possible; an ellipsis ends
    /// the last line if there are more than `limit`.
    static func wrapped(_ text: String, to columns: Int, limit: Int) -> [String] {
        var lines: [String] = []
        var line = ""
        var used = 0
        func endLine() {
            lines.append(line)
            (line, used) = ("", 0)
        }
        for word in text.split(separator: " ") {
            var word = word[...]
            var length = width(of: String(word))
            if used > 0, used + 1 + length > columns {
                // A word that fits no line begins on this one, as texts without spaces do.
                if length <= columns || used + 4 > columns { endLine() }
            }
            while (used > 0 ? used + 1 : 0) + length > columns, lines.count <= limit {
                if used > 0 {
                    line += " "
                    used += 1
                }
                var taken = 0
                while let first = word.first, used + taken + width(of: first) <= columns {
                    line.append(first)
                    taken += width(of: first)
                    word.removeFirst()
                }
                // A character that is wider than a line.
                if taken == 0, used == 0 { break }
                used += taken
                length -= taken
                endLine()
            }
            if lines.count > limit { break }
            if used > 0 { line += " " }
            line += word
            used += (used > 0 ? 1 : 0) + length
        }
        if used > 0 { lines.append(line) }
        guard lines.count > limit else { return lines }
        let last = lines[limit - 1]
        return lines[..<(limit - 1)] + [
            width(of: last) < columns ? last + "…" : truncated(last + " ", to: columns)
        ]
    }
}
