import Foundation
import Testing

/// A block of Swift in an article or in a documentation comment.
struct CodeBlock: Sendable, CustomTestStringConvertible {
    /// The file, relative to the repository, and the line of its opening fence.
    let file: String
    let line: Int
    /// Its lines without indentation; blank lines and imports are left out.
    let code: [String]
    let imports: [String]

    var testDescription: String { "\(file):\(line)" }

    init(file: String, line: Int, lines: [String]) {
        self.file = file
        self.line = line
        let lines = Self.significant(lines)
        imports = lines.filter { $0.hasPrefix("import ") }
        code = lines.filter { !$0.hasPrefix("import ") }
    }

    /// The lines that count when code is compared: trimmed, and not blank.
    static func significant(_ lines: [String]) -> [String] {
        lines.map { $0.trimmingCharacters(in: .whitespaces) }.filter { !$0.isEmpty }
    }

    /// Whether a source contains the code as one run of lines.
    func isContained(in source: [String]) -> Bool {
        guard !code.isEmpty, source.count >= code.count else { return code.isEmpty }
        return imports.allSatisfy(source.contains)
            && (0...source.count - code.count).contains { start in
                source[start..<start + code.count].elementsEqual(code)
            }
    }

    /// The blocks between ```` ```swift ```` and ```` ``` ````.
    static func all(in file: String) throws -> [CodeBlock] {
        var lines = try Repository.lines(of: file)
        if file.hasSuffix(".swift") {
            lines = lines.map { line in
                let line = line.trimmingCharacters(in: .whitespaces)
                return line.hasPrefix("///") ? String(line.dropFirst(3)) : ""
            }
        }
        var blocks: [CodeBlock] = []
        var open: (line: Int, lines: [String])?
        for (index, line) in lines.enumerated() {
            let fence = line.trimmingCharacters(in: .whitespaces)
            if let block = open {
                if fence == "```" {
                    blocks.append(CodeBlock(file: file, line: block.line, lines: block.lines))
                    open = nil
                } else {
                    open?.lines.append(line)
                }
            } else if fence == "```swift" {
                open = (index + 1, [])
            }
        }
        return blocks
    }
}
