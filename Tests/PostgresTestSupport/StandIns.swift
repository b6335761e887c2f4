import PostgresStore

/// Lets PostgreSQL take the statements that are meant for its relatives, none of which runs here: functions with
/// the names of Citus's that do nothing, and pgvector's graph under the name of YugabyteDB's. A test learns that
/// the statements are right in one database, not what those systems do with them.
package enum StandIns {
    package static func makeCitus(_ database: String) throws {
        try run(
            """
            CREATE FUNCTION create_distributed_table(relation regclass, distribution_column text,
                colocate_with text DEFAULT 'default', shard_count int DEFAULT NULL)
                RETURNS void LANGUAGE sql AS '';
            CREATE FUNCTION create_reference_table(relation regclass) RETURNS void LANGUAGE sql AS ''
            """, in: database)
    }

    package static func makeYugabyte(_ database: String) throws {
        let operators = [
            ("ip", "<#>", "vector_negative_inner_product", ""),
            ("cosine", "<=>", "vector_negative_inner_product", ", FUNCTION 2 vector_norm(vector)"),
            ("l2", "<->", "vector_l2_squared_distance", ""),
        ].map { name, symbol, distance, norm in
            """
            CREATE OPERATOR CLASS vector_\(name)_ops FOR TYPE vector USING ybhnsw AS
                OPERATOR 1 \(symbol) (vector, vector) FOR ORDER BY float_ops,
                FUNCTION 1 \(distance)(vector, vector)\(norm)
            """
        }
        try run(
            """
            CREATE EXTENSION vector;
            CREATE ACCESS METHOD ybhnsw TYPE INDEX HANDLER hnswhandler;
            \(operators.joined(separator: ";\n"))
            """, in: database)
    }

    private static func run(_ statements: String, in database: String) throws {
        let connection = try PostgresConnection(database)
        for statement in statements.split(separator: ";\n") {
            try connection.run(String(statement))
        }
    }
}
