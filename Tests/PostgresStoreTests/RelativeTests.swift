import PostgresStore
import Schema
import Testing

/// What their manuals show as answers of `version()`; none of them ran here.
@Suite struct RelativeTests {
    @Test("Relatives of PostgreSQL are told from it by what they call themselves")
    func told() {
        func flavour(_ version: String, hasCitus: Bool = false) -> SchemaFlavour {
            SchemaFlavour(version: version, hasCitus: hasCitus)
        }
        let plain = "PostgreSQL 18.6 on x86_64-pc-linux-gnu, compiled by gcc, 64-bit"
        #expect(flavour(plain) == .postgres)
        #expect(flavour(plain, hasCitus: true) == .citus)
        #expect(
            flavour("CockroachDB CCL v25.2.1 (x86_64-pc-linux-gnu, built 2025/06/01)")
                == .cockroach)
        #expect(
            flavour("PostgreSQL 15.12-YB-2025.2.0.0-b0 on x86_64-pc-linux-gnu, 64-bit")
                == .yugabyte)
    }
}
