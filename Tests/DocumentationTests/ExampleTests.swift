import Testing

/// The code in articles and documentation comments is compiled: it is the same as in `Examples`,
/// line by line.
struct ExampleTests {
    static let documents =
        ["README.md"] + Repository.files(under: "Sources", endingIn: ".md")
        + Repository.files(under: "Sources", endingIn: ".swift")

    static let blocks: [CodeBlock] = documents.flatMap { file in
        ((try? CodeBlock.all(in: file)) ?? []).filter { !$0.isManifest }
    }

    static let examples: [[String]] = Repository.files(
        under: "Tests/DocumentationTests/Examples", endingIn: ".swift"
    ).map { CodeBlock.significant((try? Repository.lines(of: $0)) ?? []) }

    @Test func thereAreArticles() {
        #expect(Self.blocks.count { $0.file.contains(".docc/") } >= 15)
        #expect(Self.blocks.contains { $0.file == "README.md" })
        #expect(Self.blocks.count { $0.file.hasSuffix(".swift") } >= 15)
    }

    @Test(arguments: blocks)
    func everyExampleIsCompiled(_ block: CodeBlock) {
        #expect(
            Self.examples.contains { block.isContained(in: $0) },
            """
            \(block.file):\(block.line): this example is in no file of \
            Tests/DocumentationTests/Examples: \(block.code.joined(separator: "\n"))
            """)
    }

    /// A drifted example is found, however small the change.
    @Test func anotherWordIsNotTheSame() throws {
        let block = try #require(Self.blocks.first { $0.code.count > 2 })
        var lines = block.code
        lines[1] += " "
        #expect(
            CodeBlock(file: "", line: 1, lines: lines).isContained(in: block.imports + block.code))
        lines[1] = "x" + lines[1]
        #expect(
            !CodeBlock(file: "", line: 1, lines: lines).isContained(in: block.imports + block.code))
    }

    /// The products that the README tells applications to use.
    @Test func theSnippetsProductsExist() throws {
        let snippet = try #require(
            try CodeBlock.all(in: "README.md").first(where: \.isManifest))
        let manifest = try Repository.text(of: "Package.swift")
        let names = snippet.code.joined().matches(of: /\.product\(name: "(\w+)"/).map(\.output.1)
        #expect(names.contains("VectorDatabase"))
        for name in names { #expect(manifest.contains(".library(name: \"\(name)\"")) }
    }
}

extension CodeBlock {
    /// Whether it is a part of an application's Package.swift.
    var isManifest: Bool { code.first == "dependencies: [" }
}
