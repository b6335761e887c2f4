import JSON

/// What a collection is apart from its documents: what an export begins with, and what a collection
/// that an ingest makes takes over from it.
public struct CollectionSettings: Sendable, Equatable {
    public var metric: Metric
    /// 0 if the collection has no vectors.
    public var dimensions: Int
    /// Which embedder made the vectors; `nil` if none did.
    public var model: EmbedderIdentity?
    public var index: IndexOptions
    /// Metadata fields with an index of their own.
    public var indexedFields: [String]

    public init(
        metric: Metric, dimensions: Int, model: EmbedderIdentity?, index: IndexOptions,
        indexedFields: [String]
    ) {
        self.metric = metric
        self.dimensions = dimensions
        self.model = model
        self.index = index
        self.indexedFields = indexedFields
    }
}

extension CollectionSettings {
    /// The key by which the first line of an export is told from a document, and its version.
    public static let exportKey = "vdb_export"
    public static let exportVersion: Int64 = 1

    /// The first line of an export, without its end.
    public var exportLine: JSONValue {
        var object: JSONObject = [
            Self.exportKey: .integer(Self.exportVersion),
            "metric": .string(metric.rawValue),
            "dimensions": .integer(Int64(dimensions)),
            "index": .object([
                "m": .integer(Int64(index.m)),
                "ef_construction": .integer(Int64(index.efConstruction)),
                "quantization": .string(index.quantization.rawValue),
            ]),
            "indexed_fields": .array(indexedFields.map { .string($0) }),
        ]
        if let model {
            object["model"] = .object([
                "name": .string(model.name), "fingerprint": .string(model.fingerprint),
                "path": model.path.map { .string($0) } ?? .null,
                "settings": .object(model.settings),
            ])
        }
        return .object(object)
    }

    /// What such a line says; `nil` if it is not one of this version.
    init?(exportLine object: JSONObject) {
        func number(_ value: JSONValue?) -> Int? {
            guard case .integer(let number)? = value, number >= 0 else { return nil }
            return Int(exactly: number)
        }
        guard number(object[Self.exportKey]) == Int(Self.exportVersion),
            let metric = object["metric"]?.stringValue.flatMap(Metric.init(rawValue:)),
            let dimensions = number(object["dimensions"])
        else { return nil }
        var options = IndexOptions()
        if case .object(let index)? = object["index"] {
            if let m = number(index["m"]) { options.m = m }
            if let ef = number(index["ef_construction"]) { options.efConstruction = ef }
            if let name = index["quantization"]?.stringValue,
                let quantization = IndexOptions.Quantization(rawValue: name)
            {
                options.quantization = quantization
            }
        }
        var model: EmbedderIdentity?
        if case .object(let recorded)? = object["model"],
            let name = recorded["name"]?.stringValue,
            let fingerprint = recorded["fingerprint"]?.stringValue
        {
            var settings: JSONObject = [:]
            if case .object(let values)? = recorded["settings"] { settings = values }
            model = EmbedderIdentity(
                name: name, fingerprint: fingerprint, dimensions: dimensions,
                path: recorded["path"]?.stringValue, settings: settings)
        }
        var fields: [String] = []
        if case .array(let names)? = object["indexed_fields"] {
            fields = names.compactMap(\.stringValue)
        }
        self.init(
            metric: metric, dimensions: dimensions, model: model, index: options,
            indexedFields: fields)
    }
}
