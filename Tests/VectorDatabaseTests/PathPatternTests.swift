import Foundation
import TestSupport
import Testing

@testable import VectorDatabase

/// Patterns of paths, beside `git check-ignore`.
struct PathPatternTests {
    private func matches(_ pattern: String, _ path: String, isFolder: Bool = false) -> Bool? {
        let names = path.split(separator: "/").map { Array($0.utf8) }
        return PathPattern(line: pattern.utf8)?.matches(names[...], isFolder: isFolder)
    }

    @Test(arguments: [
        ("*.md", "a.md", true), ("*.md", "deep/down/a.md", true), ("*.md", "a.mdx", false),
        ("/a.md", "a.md", true), ("/a.md", "b/a.md", false), ("b/a.md", "b/a.md", true),
        ("b/a.md", "c/b/a.md", false), ("**/a.md", "a.md", true), ("**/a.md", "x/y/a.md", true),
        ("a/**/b", "a/b", true), ("a/**/b", "a/x/y/b", true), ("a/**", "a", false),
        ("a/**", "a/x/y", true), ("a?c", "abc", true), ("a?c", "a/c", false),
        ("[a-c]x", "bx", true), ("[!a-c]x", "bx", false), ("[]]x", "]x", true), ("[x", "[x", true),
        ("\\#a", "#a", true), ("a\\*", "a*", true), ("a\\*", "ab", false), ("a  ", "a", true),
        ("a\\ ", "a ", true), ("*a*b*c", "xaxbxc", true), ("*a*b*c", "xaxbxd", false),
    ])
    func matching(pattern: String, path: String, expected: Bool) {
        #expect(matches(pattern, path) == expected, "\(pattern) \(path)")
    }

    @Test func linesWithoutPattern() {
        #expect(matches("", "a") == nil && matches("# a", "a") == nil && matches("/", "a") == nil)
        #expect(matches("d/", "d") == false && matches("d/", "d", isFolder: true) == true)
    }

    @Test func patternsMadeToTakeLongDoNot() {
        let name = String(repeating: "a", count: 4000)
        #expect(matches(String(repeating: "*a", count: 500) + "b", name) == false)
        let path = Array(repeating: "a", count: 1000).joined(separator: "/")
        #expect(matches(String(repeating: "**/a/", count: 200) + "b", path) == false)
    }

    private static let git = ["/usr/bin/git", "/usr/local/bin/git", "/opt/homebrew/bin/git"].first {
        FileManager.default.isExecutableFile(atPath: $0)
    }

    /// Random patterns and paths, judged by Git.
    @Test(.enabled(if: git != nil, "git is not installed"))
    func asGitJudges() throws {
        var random = RandomSource.forTest()
        let folder = TemporaryFolder()
        func run(_ arguments: [String], input: String = "") throws -> String {
            let process = Process()
            process.executableURL = URL(fileURLWithPath: Self.git ?? "")
            process.arguments = ["-C", folder.path] + arguments
            let (feed, output) = (Pipe.uninherited(), Pipe.uninherited())
            process.standardInput = feed
            process.standardOutput = output
            process.standardError = FileHandle.nullDevice
            try process.start()
            feed.fileHandleForWriting.write(Data(input.utf8))
            try feed.fileHandleForWriting.close()
            let text = String(
                decoding: output.fileHandleForReading.readDataToEndOfFile(), as: UTF8.self)
            process.waitUntilExit()
            return text
        }
        _ = try run(["init", "-q"])
        func piece(_ alphabet: [String], _ count: ClosedRange<Int>) -> String {
            (0..<Int.random(in: count, using: &random)).map { _ in random.pick(alphabet) }.joined()
        }
        let paths = Set(
            (0..<40).map { _ in
                (0..<Int.random(in: 1...3, using: &random))
                    .map { _ in piece(["a", "b", "c", "-"], 1...3) }.joined(separator: "/")
            })
        for _ in 0..<80 {
            let pattern = piece(
                ["a", "b", "c", "*", "?", "/", "**/", "[ab]", "[!a-b]", "/**"], 1...4)
            // Of `**` beside anything but a slash, Git's documentation says that it is `*`, but Git
            // itself treats it in other ways.
            let names = pattern.split(separator: "/")
            if names.contains(where: { $0.contains("**") && $0 != "**" }) { continue }
            _ = try folder.write(".gitignore", pattern + "\n")
            let judged = try run(
                ["check-ignore", "--no-index", "--stdin"],
                input: paths.joined(separator: "\n") + "\n")
            let ignored = Set(judged.split(separator: "\n").map(String.init))
            for path in paths {
                // Git also ignores what is in a folder that is ignored.
                let names = path.split(separator: "/").map { Array($0.utf8) }
                let ours = names.indices.contains { end in
                    PathPattern(line: pattern.utf8)?.matches(
                        names[...end], isFolder: end + 1 < names.count) == true
                }
                #expect(ours == ignored.contains(path), "'\(pattern)' on '\(path)'")
            }
        }
    }
}
