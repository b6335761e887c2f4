import PostgresStore
import Testing

struct LocationTests {
    @Test(
        "The schema is taken out of a URI, the rest is libpq's",
        arguments: [
            ("postgres://db/corpus", "postgres://db/corpus", "vdb"),
            ("postgresql://db/c?schema=a", "postgresql://db/c", "a"),
            ("postgres://a,b/c?x=1&schema=my%20own&y=2", "postgres://a,b/c?x=1&y=2", "my own"),
        ])
    func schema(text: String, uri: String, schema: String) throws {
        let location = try #require(PostgresLocation(text))
        #expect(location.uri == uri && location.schema == schema)
    }

    @Test(
        "Paths, and names that no schema can have, are refused",
        arguments: [
            "corpus.vdb", "http://db/c", "postgres://db/c?schema=", "postgres://db/c?schema=%00",
            "postgres://db/c?schema=%ff",
            "postgres://db/c?schema=" + String(repeating: "x", count: 64),
        ])
    func refused(text: String) { #expect(PostgresLocation(text) == nil) }

    @Test(
        "Messages have no password",
        arguments: [
            ("postgres://me:secret@db/c", "postgres://me@db/c"),
            ("postgres://me@db:5432/c", "postgres://me@db:5432/c"),
            ("postgres://me:p@ss@db:1/c?x=a:b@c", "postgres://me@db:1/c?x=a:b@c"),
            ("postgres:///c?host=/a:b@c", "postgres:///c?host=/a:b@c"),
            ("postgres://me@db/c?password=secret&x=1&schema=s", "postgres://me@db/c?x=1&schema=s"),
            ("postgres://db/c?sslpassword=secret", "postgres://db/c"),
            ("postgres://db/c?p%61ssword=secret", "postgres://db/c"),
            // Not escaped, as they should be.
            ("postgres://me:se/c?r@et@db/c", "postgres://me@db/c"),
            ("postgres://me:se?cr@db/c", "postgres://me@db/c"),
        ])
    func password(uri: String, description: String) {
        #expect(PostgresLocation(uri)?.description == description)
    }

    @Test("Nor do libpq's, which repeats what it cannot read")
    func redaction() throws {
        let uri = "postgres://me:p%zz@db/c?sslpassword=a%20b"
        let location = try #require(PostgresLocation(uri))
        #expect(location.redacted("bad token \"p%zz\"") == "bad token \"***\"")
        #expect(
            location.redacted("a b, a%20b, \(uri)")
                == "***, ***, postgres://me:***@db/c?sslpassword=***")
    }
}
