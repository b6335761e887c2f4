import DocumentStore
import FileFormat
import Foundation
import VectorIndex

extension CollectionRecord {
    /// The header of a cache file that covers the change log up to `position`.
    ///
    /// - Throws: `StoreError.changesPruned` if the log no longer reaches back that far.
    func header(of store: DocumentStore, position: Int64) throws -> IndexHeader {
        guard let token = try store.historyToken(at: position, in: self) else {
            throw StoreError.changesPruned(
                collection: name, position: position,
                prunedThrough: try store.position(of: self))
        }
        return header(of: store, position: position, token: token)
    }

    func header(of store: DocumentStore, position: Int64, token: Int64) -> IndexHeader {
        var fingerprint = model.fingerprint
        let hash = fingerprint.withUTF8 { ContentHash(of: UnsafeRawBufferPointer($0)) }
        return IndexHeader(
            databaseIdentity: UUID(bytes: store.identity.bytes), collection: id,
            modelFingerprint: hash, changeLogPosition: position, historyToken: token)
    }
}
