import ArgumentParser
import FileFormat
import Foundation

/// `vdb manual`: writes the man pages.
struct ManualCommand: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "manual", abstract: "Write the man pages to a folder.",
        discussion: """
            Example:
              vdb manual ~/.local/share/man

            A page for each command and each topic of 'vdb help', in the folders man1 and man7. They say \
            what --help says. 'make install' installs them.
            """)

    @Argument(help: "The folder; its parts are created.", completion: .directory)
    var folder: String

    @Flag(name: .shortAndLong, help: "Do not say how many were written.")
    var quiet = false

    func run() throws {
        let pages = try ManualPage.all()
        for section in Set(pages.map(\.section)) {
            let path = folder + "/man\(section)"
            do {
                try FileManager.default.createDirectory(
                    atPath: path, withIntermediateDirectories: true)
            } catch {
                throw CommandFailure(.cannotCreate, "\(path): cannot be created; check its folder")
            }
        }
        for page in pages { try TextFile.write(page.text, to: folder + "/" + page.path) }
        if !quiet { Messages.line("\(pages.count) pages written to \(folder)") }
    }
}
