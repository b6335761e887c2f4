import JSON

extension CollectionStatistics {
    /// The statistics as the command line and the server write them.
    ///
    /// - Parameters:
    ///   - database: the path of the database; `nil` leaves out every path of this machine.
    ///   - collections: the names of all collections; `nil` leaves them out.
    package func json(database: String?, collections: [String]?) -> JSONWriter {
        var line = JSONWriter()
        if let database { line.set("db", database) }
        line.set("collection", name)
        if let collections { line.set("collections", .array(collections.map { .string($0) })) }
        line.set("documents", documents)
        line.set("passages", passages)
        line.set("dimensions", dimensions)
        line.set("metric", metric.rawValue)
        line.set("vector_type", vectorType)
        if let model {
            line.set("model", model.json(includesPath: database != nil))
        } else {
            line.set("model", .null)
        }
        line.set("index", index.json)
        if let search { line.set("search", .object(search.json)) }
        line.set("indexed_fields", .array(indexedFields.map { .string($0) }))
        line.set("bytes", bytes.json)
        return line
    }

    /// Name, size and model, as lists of collections have them, without paths.
    package var summaryJSON: JSONWriter {
        var line = JSONWriter()
        line.set("collection", name)
        line.set("documents", documents)
        line.set("passages", passages)
        line.set("dimensions", dimensions)
        line.set("metric", metric.rawValue)
        if let model {
            line.set("model", model.json(includesPath: false))
        } else {
            line.set("model", .null)
        }
        return line
    }
}

extension EmbedderIdentity {
    /// The name, the fingerprint and the settings. Settings are left out with the path, since they can
    /// hold paths, too.
    package func json(includesPath: Bool) -> JSONWriter {
        var line = JSONWriter()
        line.set("name", name)
        line.set("fingerprint", fingerprint)
        if includesPath {
            line.set("path", path)
            line.set("settings", .object(settings))
        }
        return line
    }
}

extension IndexStatistics {
    fileprivate var json: JSONWriter {
        var line = JSONWriter()
        line.set("state", state.rawValue)
        line.set("m", options.m)
        line.set("ef_construction", options.efConstruction)
        line.set("quantization", options.quantization.rawValue)
        line.set("neighbor_codes", .bool(hasNeighborCodes))
        line.set("graph_rows", graphRows)
        line.set("flat_rows", flatRows)
        line.set("tail_rows", tailRows)
        line.set("deleted_rows", deletedRows)
        return line
    }
}

extension [PartBytes] {
    /// The parts by name, and their sum as `total`.
    package var json: JSONWriter {
        var line = JSONWriter()
        for part in self { line.set(part.part.replacing(" ", with: "_"), part.bytes) }
        line.set("total", reduce(0) { $0 + $1.bytes })
        return line
    }
}
