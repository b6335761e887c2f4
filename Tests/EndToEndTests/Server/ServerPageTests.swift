import Foundation
import Testing

/// The page at `/`: what is sent, and how it works in a browser.
@Suite(.serialized) struct ServerPageTests {
    private let vdb = Program()

    @Test func isWholeAndItsOwn() async throws {
        try vdb.ingestCorpus()
        let server = try RunningServer(vdb, environment: ["VDB_API_KEY": "needed"])
        let page = try await server.request("GET", "/")
        #expect(page.status == 200 && page.headers["content-type"] == "text/html; charset=utf-8")
        var pending = page.text.matches(of: /(?:src|href)="(page\/[^"]+)"/).map { String($0.1) }
        var seen: Set<String> = []
        while let path = pending.popLast() {
            if !seen.insert(path).inserted { continue }
            let file = try await server.request("GET", "/" + path)
            #expect(file.status == 200, "\(path)")
            #expect(file.text.firstMatch(of: /\n(import|export)\b/) == nil, "\(path)")
            #expect(!file.text.contains("innerHTML") && !file.text.contains("://localhost"))
            let policy = try #require(file.headers["content-security-policy"])
            #expect(policy.hasPrefix("default-src 'self';") && !policy.contains("unsafe"))
        }
        // One script, one style sheet, and the icon.
        #expect(seen == ["page/page.js", "page/page.css", "page/icon.svg"], "\(seen)")
        // Neither scripts nor styles are inline, which the policy would not allow.
        #expect(page.text.firstMatch(of: /<script(?![^>]*src=)|<style|style=|onclick=/) == nil)
        #expect(try await server.request("GET", "/page/nothing.js").status == 404)
        let tag = try #require(page.headers["etag"])
        let again = try await server.request("GET", "/", headers: ["If-None-Match": tag])
        #expect(again.status == 304 || again.text == page.text)
    }

    private static let python = OfficialClientTests.python(
        that: """
            import os, playwright
            assert os.access("/usr/bin/chromium", os.X_OK)
            """)

    @Test(
        .enabled(
            if: python != nil,
            "/usr/bin/chromium (apt-get install chromium) or Python's package playwright is not installed; .ci/install-clients installs the second"
        ))
    func inABrowser() async throws {
        let server = try RunningServer(vdb, database: "new.vdb")
        try vdb.ingestCorpus()
        let keyed = try RunningServer(vdb, environment: ["VDB_API_KEY": "needed"])
        let result = OfficialClientTests.run(
            try #require(Self.python), OfficialClientTests.script("check_page.py"), server.url,
            keyed.url, "needed")
        #expect(result.status == 0 && result.text.hasSuffix("well\n"), "\(result.text)")
    }
}
