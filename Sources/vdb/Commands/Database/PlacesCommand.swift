import ArgumentParser
import JSON
import PostgresStorage
import VectorDatabase

/// `vdb places`: lets other servers hold places of the collections.
struct PlacesCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "places",
        abstract: "Spread a database in PostgreSQL over several servers.",
        discussion: """
            Examples:
              vdb places --db postgres://vdb@db1/corpus --server postgres://vdb@db2/corpus 0-3
              vdb places --db postgres://vdb@db1/corpus --server postgres://vdb@db3/corpus 4-7
              vdb ingest corpus --db postgres://vdb@db1/corpus --places 8
              vdb places --db postgres://vdb@db1/corpus

            The tables of these places of all collections that are made from now on are on the other \
            server, which the database's own reaches by postgres_fdw; places that no server has been \
            given are on the database's own. Nothing is moved, so assign places before the first ingest. \
            Without --server the places on other servers are listed.

            A server's password, if it is in the URI, is kept in PostgreSQL's user mapping, which is shown to \
            that user alone. If a server cannot be \
            reached, commands that need it fail with status 69 and name it.
            """)

    @Argument(help: ArgumentHelp("Places: 3, 0-7 or 0-3,8.", valueName: "places"))
    var places: PlaceList?

    @Option(
        help: ArgumentHelp("The other server's database: postgres://…", valueName: "uri"))
    var server: String?

    @Option(help: "The output format.")
    var format = AnswerFormat.table

    @OptionGroup var file: DatabaseFileArguments
    @OptionGroup var general: GeneralArguments

    func validate() throws {
        if (server == nil) != (places == nil) {
            throw ValidationError("--server and the places that it holds need each other")
        }
    }

    func run() async throws {
        guard case .postgres(let uri) = file.location else {
            throw CommandFailure(
                .usage,
                "only a database in PostgreSQL (--db postgres://…) can be spread over servers")
        }
        if let server, let places {
            try PostgresPlaces.assign(places.places, toServer: server, of: uri)
            return general.say(
                "\(Figures.count(places.places.count, "place")) of collections made from now on "
                    + "\(places.places.count == 1 ? "is" : "are") on that server")
        }
        let found = try PostgresPlaces.list(of: uri)
        if format == .json {
            for (place, server) in found {
                var line = JSONWriter()
                line.set("place", place)
                line.set("server", server)
                line.print()
            }
            return
        }
        if found.isEmpty { return general.say("all places are on the database's own server") }
        for line in Columns.facts(found.map { ("place \($0.place)", $0.server) }) {
            Output.line(line)
        }
    }
}

/// Numbers and ranges of places.
struct PlaceList: ExpressibleByArgument {
    let places: [Int]

    init?(argument: String) {
        var places: Set<Int> = []
        for part in argument.split(separator: ",", omittingEmptySubsequences: false) {
            let ends = part.split(separator: "-", omittingEmptySubsequences: false).map { Int($0) }
            guard (1...2).contains(ends.count), let first = ends[0],
                let last = ends[ends.count - 1],
                first <= last, NumberLimits.placeNumbers.contains(first),
                NumberLimits.placeNumbers.contains(last)
            else { return nil }
            places.formUnion(first...last)
        }
        self.places = places.sorted()
    }
}
