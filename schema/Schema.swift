/// The SQL migrations of the database, in order, embedded from `schema/migrations`.
package enum Schema {
    package static let migrations: [(name: String, sql: String)] = [
        ("v1-initial", String(decoding: PackageResources.v1_initial_sql, as: UTF8.self))
    ]
}
