import Foundation
import Testing

/// Links between the pages of this repository lead somewhere.
struct LinkTests {
    static let pages =
        ["README.md", "CONTRIBUTING.md", "CHANGELOG.md", "SECURITY.md"]
        + ["docs", "Sources", "schema", "Fuzz", "Benchmarks", "Examples"].flatMap {
            Repository.files(under: $0, endingIn: ".md")
        }

    @Test(arguments: pages)
    func everyRelativeLinkLeadsToAFile(_ page: String) throws {
        let folder = Repository.root.appending(path: page).deletingLastPathComponent()
        for match in try Repository.text(of: page).matches(of: /\]\(([^)\s]+)\)/) {
            let link = match.1.split(separator: "#", omittingEmptySubsequences: false)[0]
            if link.isEmpty || link.contains("://") { continue }
            #expect(
                FileManager.default.fileExists(atPath: folder.appending(path: String(link)).path),
                "\(page) links to \(link), which is not there")
        }
    }
}
