import ArgumentParser

@main
struct VDB: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "vdb", abstract: "A vector retrieval database.")
}
