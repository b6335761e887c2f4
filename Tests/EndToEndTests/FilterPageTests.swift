import Foundation
import Testing

/// The examples of docs/FILTERS.md find what the page says.
@Suite struct FilterPageTests {
    private static let page: String = {
        let url = URL(fileURLWithPath: #filePath).deletingLastPathComponent()
            .appendingPathComponent("../../docs/FILTERS.md").standardizedFileURL
        return (try? String(contentsOf: url, encoding: .utf8)) ?? ""
    }()

    @Test func everyExample() throws {
        let vdb = Program()
        let documents = Self.page.split(separator: "\n").filter { $0.hasPrefix("{\"_id\"") }
        #expect(documents.count == 4)
        try vdb.write("corpus.jsonl", documents.joined(separator: "\n") + "\n")
        #expect(try vdb.run("ingest", "corpus.jsonl", "-q").status == 0)
        var examples = 0
        for row in Self.page.split(separator: "\n") where row.hasPrefix("| `") {
            let cells = row.split(separator: "|", omittingEmptySubsequences: false).map {
                $0.trimmingCharacters(in: .whitespaces)
            }
            let filter = String(cells[1].dropFirst().dropLast())
            let expected = cells[2].split(separator: ", ").map(String.init)
            let result = try vdb.run("list", "--format", "json", "--where", filter)
            let found = result.objects.compactMap { $0.string("id") }
            #expect(found == expected, "\(filter): \(found) \(result.errors)")
            examples += 1
        }
        #expect(examples > 35)
        // The error that the page shows.
        let wrong = try vdb.run("list", "--where", "lang = en")
        #expect(wrong.status == 64 && Self.page.contains(wrong.errors), "\(wrong.errors)")
    }

    /// The page in the program and the page in the documentation are about the same forms.
    @Test func theHelpHasTheSameForms() throws {
        let help = try Program().run("help", "filters").output
        for form in [
            "BETWEEN", "LIKE", "ILIKE", "ESCAPE", "CONTAINS", "IS [NOT] NULL", "DATE", "NOT", "AND",
            "OR", "TRUE", "file.path", "file.name", "file.extension", "file.size", "file.modified",
        ] {
            #expect(help.contains(form), "\(form)")
            let word = form.replacingOccurrences(of: "[NOT] ", with: "")
            #expect(Self.page.contains(word), "\(form)")
        }
    }
}
