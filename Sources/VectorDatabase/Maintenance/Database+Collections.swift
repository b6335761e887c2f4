import Storage

extension Database {
    /// Deletes a collection with everything in it, in one transaction.
    ///
    /// - Throws: ``DatabaseError``: `collectionMissing`; then nothing is deleted.
    public func dropCollection(_ name: String) async throws {
        try await asWriter { [self] in
            let collection = collection(name)
            try store.dropCollection(collection.requireRecord())
            collection.release()
            collection.index.remove()
        }
    }

    /// Gives a collection another name, in one transaction. Programs that have it open under the old
    /// one find it missing from then on.
    ///
    /// - Throws: ``DatabaseError``: `collectionMissing`, `collectionExists`, `invalidCollectionName`.
    public func renameCollection(_ name: String, to newName: String) async throws {
        try await asWriter { [self] in
            let (old, new) = (collection(name), collection(newName))
            let record = try old.requireRecord()
            try requireUnused(new)
            try new.index.prepareForWriting(nil)
            _ = try store.renameCollection(record, to: newName)
            old.release()
            // The files name the collection's id, so they stay valid. Without them, after a crash or a
            // failure here, the next writer makes new ones.
            old.index.move(to: newName)
        }
    }

    /// Copies a collection under another name, in one transaction: documents, vectors, model,
    /// settings and indexed fields.
    ///
    /// - Throws: ``DatabaseError``: `collectionMissing`, `collectionExists`, `invalidCollectionName`;
    ///   `damaged` if a row is. Then, or if the task is cancelled, there is no copy.
    public func copyCollection(_ name: String, to newName: String) async throws {
        try await asWriter { [self] in
            let new = collection(newName)
            let record = try collection(name).requireRecord()
            try requireUnused(new)
            try new.index.prepareForWriting(nil)
            let copy = try store.copyCollection(record, to: newName)
            // The copy is committed, so this call must not throw now.
            try? new.updateIndex(copy)
        }
    }

    private func requireUnused(_ collection: DocumentCollection) throws {
        guard try !collection.exists else {
            throw DatabaseError.collectionExists(name: collection.name)
        }
        try collection.checkName()
    }
}
