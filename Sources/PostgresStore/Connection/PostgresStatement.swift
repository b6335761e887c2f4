/// A statement and its parameters, `$1` and so on. Never put a user's text into the SQL.
package struct PostgresStatement: Equatable, Sendable {
    package var sql: String
    package var parameters: [PostgresValue]

    package init(_ sql: String, _ parameters: [PostgresValue] = []) {
        self.sql = sql
        self.parameters = parameters
    }
}
