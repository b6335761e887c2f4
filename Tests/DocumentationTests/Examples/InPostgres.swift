import PostgresStorage

func openDatabaseInPostgres() throws {
    let database = try Database(postgres: "postgres://vdb@db1/corpus")
    try database.close()
}
