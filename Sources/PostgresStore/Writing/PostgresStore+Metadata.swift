import FileFormat
import Storage

extension PostgresStore {
    /// Replaces the metadata of documents; passages and vectors stay as they are. Ids that do not exist
    /// are ignored.
    ///
    /// - Returns: the number of documents changed.
    /// - Throws: `invalidMetadata`, `tooLarge`.
    package func setMetadata(
        _ changes: [MetadataWrite], in collection: CollectionRecord
    ) throws(StoreError) -> Int {
        for change in changes { try change.validate() }
        let layout = try layout(of: collection)
        let byPlace = Dictionary(grouping: changes.filter { !$0.id.hasNUL }) {
            layout.place(of: $0.id)
        }
        var count = 0
        for (place, changes) in byPlace.sorted(by: { $0.key < $1.key }) {
            count += try write { connection in
                let writer = try placeWriter(place, of: collection, connection).writer
                return try writer.setMetadata(changes)
            }
        }
        return count
    }

    /// Records the new sources of documents whose content is stored already. Documents that do not exist
    /// are ignored.
    package func move(
        _ documents: [DocumentWrite], in collection: CollectionRecord
    ) throws(StoreError) {
        let layout = try layout(of: collection)
        let byPlace = Dictionary(grouping: documents.filter { !$0.id.hasNUL }) {
            layout.place(of: $0.id)
        }
        for (place, documents) in byPlace.sorted(by: { $0.key < $1.key }) {
            try write { connection in
                try placeWriter(place, of: collection, connection).writer.move(documents)
            }
        }
    }
}
