import FileFormat
import Schema

/// What the names of a collection's tables depend on.
struct CollectionLayout: Equatable, Sendable {
    let id: Int64
    /// The schema's name, quoted.
    let schema: String
    let places: Int
    /// Counts the models that the collection has had.
    let generation: Int

    /// With the vectors of an unfinished re-encoding.
    var next: CollectionLayout {
        CollectionLayout(id: id, schema: schema, places: places, generation: generation + 1)
    }

    var documents: String { "\(schema).document_\(id)" }
    var passages: String { "\(schema).passage_\(id)" }
    var vectors: String { "\(schema).vector_\(id)_\(generation)" }
    var postings: String { "\(schema).posting_\(id)" }
    var gone: String { "\(schema).gone_\(id)" }
    var tally: String { "\(schema).tally" }

    /// The part of a table that one place is.
    func part(_ place: Int, of table: String) -> String { "\(table)_p\(place)" }

    /// The graph over one place's vectors.
    func graph(_ place: Int, _ suffix: String = "") -> String {
        "\(schema).\(graphName(place, suffix))"
    }

    /// The same, without the schema.
    func graphName(_ place: Int, _ suffix: String = "") -> String {
        "vector_\(id)_\(generation)_p\(place)_graph\(suffix)"
    }

    /// The same tables on another server.
    func on(_ server: FarServer) -> CollectionLayout {
        CollectionLayout(
            id: id, schema: PostgresSchema.quoted(server.schema), places: places,
            generation: generation)
    }

    /// The place of the document with this id.
    func place(of id: String) -> Int {
        var id = id
        let hash = id.withUTF8 { Checksum.of(UnsafeRawBufferPointer($0)) }
        return Int(hash % UInt64(places))
    }

    /// All places, as a condition that lets each part use its primary key.
    var anyPlace: String { "place IN (\((0..<places).map(String.init).joined(separator: ", ")))" }

    /// The same for a table that is named so.
    func anyPlace(of table: String) -> String { "\(table).\(anyPlace)" }
}
