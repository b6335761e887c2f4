/// The SQL of the database, embedded from `schema/migrations`: one source of truth that is also
/// readable as SQL. `schema/README.md` describes every table.
package enum Schema {
    /// One step from a format version to the next.
    package struct Migration: Sendable {
        /// The file's name without its ending.
        package let name: String
        package let sql: String

        package init(name: String, sql: String) { (self.name, self.sql) = (name, sql) }
    }

    /// In order; after the first n of them the database has format version n.
    package static let migrations = [
        Migration(
            name: "v1-initial",
            sql: String(decoding: PackageResources.v1_initial_sql, as: UTF8.self))
    ]

    /// The tables that each collection has for itself.
    package static func collectionTables(id: Int64) -> String {
        String(decoding: PackageResources.collection_tables_sql, as: UTF8.self)
            .split(separator: "{id}", omittingEmptySubsequences: false)
            .joined(separator: String(id))
    }

    /// `PRAGMA application_id` of every vdb database: the bytes `vdb!`.
    package static let applicationID: Int32 = 0x7664_6221
}
