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
    var flavour = SchemaFlavour.postgres

    /// With the vectors of an unfinished re-encoding.
    var next: CollectionLayout {
        CollectionLayout(
            id: id, schema: schema, places: places, generation: generation + 1, flavour: flavour)
    }

    var documents: String { "\(schema).document_\(id)" }
    var passages: String { "\(schema).passage_\(id)" }
    var vectors: String { "\(schema).vector_\(id)_\(generation)" }
    var postings: String { "\(schema).posting_\(id)" }
    var gone: String { "\(schema).gone_\(id)" }
    var tally: String { "\(schema).tally" }

    /// The numbers of the places.
    var placeNumbers: [Int] { flavour.rules.placeNumbers(places) }

    /// The part of a table that one place is; the table itself if places have no tables of their own, so
    /// that statements name the place as well.
    func part(_ place: Int, of table: String) -> String {
        flavour.hasParts ? "\(table)_p\(place)" : table
    }

    /// A condition on a row of ``part(_:of:)``, for a statement that would be right without.
    func isIn(_ place: Int, _ table: String) -> String {
        flavour.hasParts ? "true" : "\(table).place = \(place)"
    }

    /// Places that a search asks one by one; the first one for all.
    var searchedPlaces: [Int] {
        flavour.rules.searchesAtOnce ? Array(placeNumbers.prefix(1)) : placeNumbers
    }

    /// Places with a graph of their own; the first one for all.
    var graphPlaces: [Int] {
        flavour.hasParts ? placeNumbers : Array(placeNumbers.prefix(1))
    }

    /// The graph over one place's vectors.
    func graph(_ place: Int, _ suffix: String = "") -> String {
        "\(schema).\(graphName(place, suffix))"
    }

    /// The same, without the schema.
    func graphName(_ place: Int, _ suffix: String = "") -> String {
        "vector_\(id)_\(generation)\(flavour.hasParts ? "_p\(place)" : "")_graph\(suffix)"
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
        return placeNumbers[Int(hash % UInt64(places))]
    }

    /// All places, as a condition that lets each part use its primary key.
    var anyPlace: String { "place IN (\(placeNumbers.map(String.init).joined(separator: ", ")))" }

    /// The same for a table that is named so.
    func anyPlace(of table: String) -> String { "\(table).\(anyPlace)" }
}
