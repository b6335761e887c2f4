import DocumentStore
import GRDB
import TestSupport
import Testing

/// The column of search settings, which formats before 5 do not have.
@Suite struct SearchSettingsTests {
    @Test func settingsAreStoredAndCleared() throws {
        let scratch = TemporaryFolder()
        let (store, collection) = try DocumentStore.make(scratch)
        #expect(collection.searchSettings == nil)
        let changed = try store.updateSearchSettings(#"{"k1":2}"#, of: collection)
        #expect(changed.searchSettings == #"{"k1":2}"#)
        #expect(try store.requireCollection(named: "default") == changed)
        #expect(try store.updateSearchSettings(nil, of: changed) == collection)
        #expect(throws: StoreError.self) {
            _ = try store.updateSearchSettings("not JSON", of: collection)
        }
        #expect(try store.check() == [])
        try store.close()
    }

    /// The seal covers them: a changed value, and one that is gone.
    @Test(arguments: [#"'{"k1":3}'"#, "NULL"])
    func changedSettingsAreNoticed(change: String) throws {
        let scratch = TemporaryFolder()
        let (store, collection) = try DocumentStore.make(scratch)
        _ = try store.updateSearchSettings(#"{"k1":2}"#, of: collection)
        try store.close()
        let queue = try DatabaseQueue(path: store.path)
        try queue.write {
            try $0.execute(sql: "UPDATE collection SET search_settings = \(change)")
        }
        try queue.close()
        let damaged = try DocumentStore(path: store.path, mode: .readOnly)
        #expect(throws: StoreError.self) { try damaged.requireCollection(named: "default") }
        try damaged.close()
    }
}
