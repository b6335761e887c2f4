import TestSupport

/// A store that tests run on.
package enum TestStore: String, CaseIterable, Sendable {
    case file, postgres

    /// Those that this machine has: PostgreSQL only where `VDB_TEST_POSTGRES` names its programs.
    package static let available: [TestStore] = TestServer.folder == nil ? [.file] : allCases

    /// A new database: the path of a file in the folder, or the URI of an empty database.
    package func location(in folder: TemporaryFolder) throws -> String {
        switch self {
        case .file: folder.file("a.vdb")
        case .postgres: try TestServer.database()
        }
    }
}
