extension DocumentWrite {
    /// - Throws: `invalidName`, `invalidMetadata`, `tooLarge`, `vectorLength` or `vectorNotFinite` if the
    ///   document cannot be stored in the collection. That the metadata are JSON is not checked.
    package func validate(for collection: CollectionRecord) throws(StoreError) {
        func requireSize(_ bytes: Int) throws(StoreError) {
            if bytes > StoredText.sizeLimit {
                throw .tooLarge(document: id, bytes: bytes, limit: StoredText.sizeLimit)
            }
        }
        let names = [id, title, source ?? ""]
        if id.isEmpty || names.contains(where: \.hasNUL) {
            throw .invalidName(document: id)
        }
        if metadata?.hasNUL == true {
            throw .invalidMetadata(document: id)
        }
        try requireSize(id.utf8.count + title.utf8.count)
        try requireSize(metadata?.utf8.count ?? 0)
        for (ordinal, passage) in passages.enumerated() {
            try requireSize(passage.text.utf8.count + title.utf8.count)
            guard passage.vector.count == collection.dimensions else {
                throw .vectorLength(
                    document: id, passage: ordinal, expected: collection.dimensions,
                    found: passage.vector.count)
            }
            guard collection.elementType.isFinite(passage.vector) else {
                throw .vectorNotFinite(document: id, passage: ordinal)
            }
        }
    }
}

extension MetadataWrite {
    /// - Throws: `invalidMetadata` or `tooLarge` if they cannot be stored. That they are JSON is not
    ///   checked.
    package func validate() throws(StoreError) {
        let bytes = metadata?.utf8.count ?? 0
        guard bytes <= StoredText.sizeLimit else {
            throw .tooLarge(document: id, bytes: bytes, limit: StoredText.sizeLimit)
        }
        if metadata?.hasNUL == true { throw .invalidMetadata(document: id) }
    }
}
