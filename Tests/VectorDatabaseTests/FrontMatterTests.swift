import JSON
import TestSupport
import Testing

@testable import VectorDatabase

@Suite struct FrontMatterTests {
    let folder = TemporaryFolder()

    private func yaml(_ text: String) throws -> JSONObject { try YAMLSubset.parse(text) }
    private func toml(_ text: String) throws -> JSONObject { try TOMLSubset.parse(text) }

    /// The values are those of PyYAML's and yq's JSON for the same text, with dates as they are written.
    @Test(arguments: [
        ("a: 1\nb: two words\nc:\nd: true\n", #"{"a":1,"b":"two words","c":null,"d":true}"#),
        ("tags: [bread, \"rye, dark\", 'it''s']\n", #"{"tags":["bread","rye, dark","it's"]}"#),
        ("tags:\n- a\n- b\nx: 1\n", #"{"tags":["a","b"],"x":1}"#),
        ("tags:\n  - a # comment\n  - 2\n", #"{"tags":["a",2]}"#),
        ("a:\n  b:\n    c: x\n  d: y\n", #"{"a":{"b":{"c":"x"},"d":"y"}}"#),
        ("p:\n  - name: x\n    n: 1\n  - name: y\n", #"{"p":[{"name":"x","n":1},{"name":"y"}]}"#),
        (
            "d: 2024-01-31\nt: 12:30\nu: http://x.org/#y\n",
            #"{"d":"2024-01-31","t":"12:30","u":"http://x.org/#y"}"#
        ),
        (
            "a: |\n  one\n   two\n\n  three\nb: >-\n  x\n  y\n",
            #"{"a":"one\n two\n\nthree","b":"x y"}"#
        ),
        ("a: \"q\\\"\\n\\u00e9\"\nzip: 02139\n", "{\"a\":\"q\\\"\\né\",\"zip\":\"02139\"}"),
        ("# only\na: {x: 1, y: [2, 3]}\nb: -1.5e3\n", #"{"a":{"x":1,"y":[2,3]},"b":-1500.0}"#),
        ("a: [1,\n  2]\nb: plain\n  goes on\n", #"{"a":[1,2],"b":"plain goes on"}"#),
        ("related: [[Note]]\n\"odd key\": ~\n", #"{"related":[["Note"]],"odd key":null}"#),
        (
            "\"k\": [1, # one\n  2,\n\n  3] # end\nl: {a: [x,\n y]}\nm: \"p \n  q\n\n r\"\nn: 1\n",
            #"{"k":[1,2,3],"l":{"a":["x","y"]},"m":"p q\nr","n":1}"#
        ),
    ])
    func yamlValues(text: String, json: String) throws {
        #expect(try JSONValue.object(yaml(text)) == JSONValue(parsing: json), "\(text)")
    }

    @Test(arguments: [
        "just words\n", "a: &x 1\nb: *x\n", "a: !!python/object x\n", "a: [1, 2\n", "a: \"open\n",
        "a: 1\n   b: 2\n", "- a\n- b\n", "\ta: 1\n", "a: {b: c\n", "a: x: y\n z: 1\n",
    ])
    func yamlBeyondTheSubset(text: String) {
        #expect(throws: (any Error).self, "\(text)") { try yaml(text) }
    }

    @Test(arguments: [
        ("a = 1\nb = \"x\\ty\"\nc = 'raw\\'\n", #"{"a":1,"b":"x\ty","c":"raw\\"}"#),
        (
            "d = 2024-01-31\ne = 1979-05-27 07:32:00Z\nf = 1_000\n",
            #"{"d":"2024-01-31","e":"1979-05-27 07:32:00Z","f":1000}"#
        ),
        (
            "t = [\"a\",\n  \"b\", # c\n]\n[extra]\nx.y = true\n",
            #"{"t":["a","b"],"extra":{"x":{"y":true}}}"#
        ),
        ("[[p]]\nn = 1\n[[p]]\nn = 2\n", #"{"p":[{"n":1},{"n":2}]}"#),
        (
            "s = \"\"\"\none\ntwo\"\"\"\ni = {a = 1, b = 'c'}\n",
            #"{"s":"one\ntwo","i":{"a":1,"b":"c"}}"#
        ),
    ])
    func tomlValues(text: String, json: String) throws {
        #expect(try JSONValue.object(toml(text)) == JSONValue(parsing: json), "\(text)")
    }

    @Test(arguments: ["a = \n", "a = x\n", "a 1\n", "[a\n", "a = 1 b = 2\n", "a = 1\n[a]\nb = 1\n"])
    func tomlFaults(text: String) {
        #expect(throws: (any Error).self, "\(text)") { try toml(text) }
    }

    @Test func nestingAndLengthAreBounded() {
        let deep = String(repeating: "[", count: 60_000)
        #expect(throws: (any Error).self) { try yaml("a: " + deep) }
        #expect(throws: (any Error).self) { try toml("a = " + deep) }
        var nested = ""
        for level in 0..<200 { nested += String(repeating: " ", count: level) + "a:\n" }
        #expect(throws: (any Error).self) { try yaml(nested) }
    }

    @Test func documents() async throws {
        let note = try folder.write(
            "a.md",
            "---\ntitle: My sourdough\ntags: [bread]\ndraft: true\n---\n\n# Feeding\n\nFlour.\n")
        let page = try folder.write("b.md", "+++\ntitle = \"Page\"\nweight = 3\n+++\nBody\n")
        let rule = try folder.write("c.md", "---\n\nA paragraph.\n\n---\n\nMore.\n")
        let untitled = try folder.write("d.md", "---\nlang: en\n---\n# Heading\n")
        let anchors = try folder.write("e.md", "---\na: &x 1\nb: *x\n---\nText\n")
        var options = SourceOptions()
        options.baseFolder = folder.path
        let reader = try DocumentReader([note, page, rule, untitled, anchors], options: options)
        var documents: [Document] = []
        for try await document in reader { documents.append(document) }
        #expect(documents.map(\.title) == ["My sourdough", "Page", "c", "Heading", "e"])
        #expect(documents[0].text == "# Feeding\n\nFlour.\n")
        #expect(
            documents[0].metadata["tags"] == ["bread"] && documents[0].metadata["draft"] == true)
        #expect(documents[0].metadata["title"] == nil)
        #expect(documents[1].text == "Body\n" && documents[1].metadata["weight"] == 3)
        #expect(documents[2].text.hasPrefix("---\n\nA paragraph."))
        #expect(documents[4].text.hasPrefix("---\na: &x"))
        #expect(reader.progress.warnings == [.unreadableFrontMatter(path: anchors)])
        guard case .object(let file)? = documents[0].metadata["file"] else {
            Issue.record("there is no metadata of the file")
            return
        }
        #expect(file["path"] == "a.md" && file["name"] == "a.md" && file["extension"] == "md")
        #expect(file["size"] == .integer(73))
        guard case .string(let time)? = file["modified"] else {
            Issue.record("there is no time")
            return
        }
        #expect(time.hasSuffix("Z") && time.count == 20)
    }
}
