@_exported import PostgresTestSupport
