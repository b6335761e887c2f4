import ArgumentParser
import PostgresStorage

/// How what is new in a PostgreSQL database is made.
struct PostgresArguments: ParsableArguments {
    @Option(
        help: ArgumentHelp(
            """
            With PostgreSQL, the parts of a new collection, each with a graph of its own (default: 1); \
            8 to 64 if it is to grow over several servers.
            """, valueName: "n"))
    var places: Int?

    @Option(
        help: ArgumentHelp(
            """
            Make a new database for a relative of PostgreSQL: citus, cockroach or yugabyte. Nobody has run \
            vdb on these.
            """, valueName: "name"))
    var flavour: PostgresFlavour?

    func validate() throws { try require(places, in: NumberLimits.places, "--places") }

    func set(_ server: inout PostgresOptions) {
        if let places { server.places = places }
        server.flavour = flavour
    }
}

extension PostgresFlavour: ExpressibleByArgument {}
