/// The SQL of the database, embedded from `schema/migrations`: one source of truth that is also
/// readable as SQL. `schema/README.md` describes every table.
package enum Schema {
    /// One step from a format version to the next.
    package struct Migration: Sendable {
        /// The file's name without its ending.
        package let name: String
        /// Run once.
        package let sql: String
        /// Run for each table that the collections have of some kind.
        package let tableSteps: [TableStep]

        package init(name: String, sql: String, tableSteps: [TableStep] = []) {
            (self.name, self.sql, self.tableSteps) = (name, sql, tableSteps)
        }
    }

    /// SQL for the tables whose names are `prefix` and a collection's id, where they exist.
    package struct TableStep: Sendable {
        package let prefix: String
        /// A table that is too damaged for the step is left as it is, since nothing reads it.
        package let skipsDamaged: Bool
        private let template: String

        package init(prefix: String, template: String, skipsDamaged: Bool = false) {
            (self.prefix, self.template, self.skipsDamaged) = (prefix, template, skipsDamaged)
        }

        package func sql(table: String) -> String { Schema.fill(template, "{table}", table) }
    }

    /// In order; after the first n of them the database has format version n.
    package static let migrations = [
        Migration(name: "v1-initial", sql: text(PackageResources.v1_initial_sql)),
        Migration(
            name: "v2-checksums", sql: text(PackageResources.v2_checksums_sql),
            tableSteps: ["vector_", "staged_vector_"].map {
                TableStep(prefix: $0, template: text(PackageResources.v2_vector_tables_sql))
            }),
        Migration(name: "v3-seals", sql: text(PackageResources.v3_seals_sql)),
        // The vocabulary first: it is a view of the full text.
        Migration(
            name: "v4-full-text-tables", sql: "",
            tableSteps: ["full_text_term_", "full_text_"].map {
                TableStep(
                    prefix: $0, template: text(PackageResources.v4_full_text_tables_sql),
                    skipsDamaged: true)
            }),
        Migration(name: "v5-search-settings", sql: text(PackageResources.v5_search_settings_sql)),
    ]

    /// The oldest format that can be read as it is, if it cannot be written to and so not be migrated:
    /// format 4 only takes away what is no longer read, and format 5 adds what may be missing.
    package static let oldestReadable = 3

    /// The tables that each collection has for itself.
    package static func collectionTables(id: Int64) -> String {
        fill(text(PackageResources.collection_tables_sql), "{id}", String(id))
    }

    /// `PRAGMA application_id` of every vdb database: the bytes `vdb!`.
    package static let applicationID: Int32 = 0x7664_6221

    private static func text(_ resource: [UInt8]) -> String {
        String(decoding: resource, as: UTF8.self)
    }

    private static func fill(_ template: String, _ name: String, _ value: String) -> String {
        template.split(separator: name, omittingEmptySubsequences: false).joined(separator: value)
    }
}
