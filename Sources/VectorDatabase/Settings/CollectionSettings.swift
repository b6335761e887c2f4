import JSON

/// The settings of a collection. An export begins with them, and an ingest of the export creates a
/// collection with the same ones.
public struct CollectionSettings: Sendable, Equatable {
    /// How vectors are compared.
    public var metric: Metric
    /// Components of a vector; 0 if the collection has no vectors.
    public var dimensions: Int
    /// The embedder that made the vectors; `nil` if they are ready-made or there are none.
    public var model: EmbedderIdentity?
    /// The parameters of the graph.
    public var index: IndexOptions
    /// Metadata fields with an index.
    public var indexedFields: [String]
    /// How the collection is searched; `nil` if nothing was set.
    public var search: SearchSettings?

    /// Creates settings; each parameter sets the property of its name.
    public init(
        metric: Metric, dimensions: Int, model: EmbedderIdentity?, index: IndexOptions,
        indexedFields: [String], search: SearchSettings? = nil
    ) {
        self.metric = metric
        self.dimensions = dimensions
        self.model = model
        self.index = index
        self.indexedFields = indexedFields
        self.search = search
    }
}

extension CollectionSettings {
    /// The key that distinguishes the first line of an export from a document.
    public static let exportKey = "vdb_export"
    /// The value of ``exportKey`` in exports of this version. Others are refused.
    public static let exportVersion: Int64 = 1

    /// The first line of an export, as an object.
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
        if let search { object["search"] = .object(search.json) }
        return .object(object)
    }

    /// Parses the first line of an export; `nil` if it is not one of this version.
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
                let quantization = VectorQuantization(rawValue: name)
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
            indexedFields: fields,
            search: object["search"]?.objectValue.flatMap(SearchSettings.init(json:)))
    }
}
