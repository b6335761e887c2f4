#if !SERVER
    import Foundation

    /// The program beside this one that has the server, with all of this one's commands.
    enum ServerProgram {
        private static let name = "vdb-serve"

        /// Turns this process into that program, with the same arguments.
        static func become() throws {
            let own =
                (try? FileManager.default.destinationOfSymbolicLink(atPath: "/proc/self/exe"))
                ?? CommandLine.arguments[0]
            let path = URL(fileURLWithPath: own).deletingLastPathComponent()
                .appendingPathComponent(name).path
            guard FileManager.default.isExecutableFile(atPath: path) else {
                throw CommandFailure(
                    .unavailable,
                    "\(path): is missing, and has the server; 'make build' in vdb's repository, or "
                        + "'VDB_SERVER=1 swift build -c release --product \(name)', makes it")
            }
            // Returns only if it fails.
            execv(path, CommandLine.unsafeArgv)
            throw CommandFailure(
                .unavailable, "\(path): cannot be started: \(String(cString: strerror(errno)))")
        }
    }
#endif
