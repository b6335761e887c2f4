import ArgumentParser
import VectorDatabase

/// The option `--where`.
struct FilterArguments: ParsableArguments {
    @Option(
        name: .customLong("where"),
        help: ArgumentHelp(
            "Only documents that match; see 'vdb help filters'.", valueName: "expression"))
    var expression: String?

    func parsed() throws -> Filter? { try expression.map { try Filter($0) } }

    /// If no document has one of the filter's fields, says so: it is likely misspelled.
    static func tellUnknownFields(
        of filter: Filter?, in collection: DocumentCollection, _ general: GeneralArguments
    ) {
        guard let filter, !general.quiet,
            let unknown = try? collection.unknownFields(of: filter), !unknown.isEmpty
        else { return }
        let known = (try? collection.fields().map(\.name)) ?? []
        for field in unknown {
            let nearest = CommandNames.nearest(to: field, in: known + ["id", "title"])
            Messages.error(
                "no document has the field \(field)"
                    + (nearest.map { "; did you mean \($0)?" } ?? "; 'vdb fields' lists all"))
        }
    }
}
