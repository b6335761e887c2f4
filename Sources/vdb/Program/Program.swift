import ArgumentParser
import Foundation

/// Parses the arguments, runs the command, and reports errors as one line and an exit status.
@main
enum Program {
    static func main() async {
        // A closed pipe is handled where it matters: at the write.
        signal(SIGPIPE, SIG_IGN)
        do { try ArithmeticReport.check() } catch { end(error) }
        if Set(CommandLine.arguments.dropFirst()) == ["--version", "--verbose"] {
            Output.line(([VDB.version] + ArithmeticReport.lines).joined(separator: "\n"))
            Output.flush()
            exit(ExitStatus.done.rawValue)
        }
        let arguments = Self.arguments
        if let page = HelpTopics.page(for: arguments) {
            Output.line(page)
            Output.flush()
            exit(ExitStatus.done.rawValue)
        }
        if let problem = CommandNames.problem(in: arguments) {
            end(CommandFailure(.usage, problem))
        }
        let work = Task {
            var command = try Self.command(for: arguments)
            if var asynchronous = command as? any AsyncParsableCommand {
                try await asynchronous.run()
            } else {
                try command.run()
            }
        }
        Interruption.watch { work.cancel() }
        do {
            try await work.value
            Output.flush()
            exit(ExitStatus.done.rawValue)
        } catch {
            end(with: error)
        }
    }

    /// The program's arguments; `-V` and `version` mean `--version`.
    private static var arguments: [String] {
        let arguments = RawArguments.text
        return [["-V"], ["version"]].contains(arguments) ? ["--version"] : arguments
    }

    /// The command that the arguments name, with their values.
    ///
    /// A command without subcommands is parsed alone: on the way from the root to it, the parser would
    /// describe all its options once more. Help and errors, which show the whole path, are the root's.
    private static func command(for arguments: [String]) throws -> any ParsableCommand {
        if let name = arguments.first, let type = CommandNames.find(name, below: VDB.self),
            type.configuration.subcommands.isEmpty,
            let command = try? type.parseAsRoot(Array(arguments.dropFirst())),
            Swift.type(of: command) == type
        {
            return command
        }
        return try VDB.parseAsRoot(arguments)
    }

    private static func end(with error: any Error) -> Never {
        Output.flush()
        if let failure = CommandFailure(error) { end(failure) }
        switch VDB.exitCode(for: error) {
        case .success:
            // Help, the version, or a completion script: a requested result.
            Output.line(VDB.fullMessage(for: error))
            Output.flush()
            exit(ExitStatus.done.rawValue)
        case .validationFailure:
            var message = VDB.message(for: error)
            if message.hasSuffix(".") { message.removeLast() }
            end(CommandFailure(.usage, message + "; see '\(helpCommand)'"))
        case let code where error is ExitCode:
            exit(code.rawValue)
        default:
            end(CommandFailure(.inputOutput, "\(error)"))
        }
    }

    private static func end(_ failure: CommandFailure) -> Never {
        Messages.error(failure.message)
        exit(failure.status.rawValue)
    }

    /// The command that shows the help of the given subcommand.
    private static var helpCommand: String {
        let names = VDB.configuration.subcommands.compactMap { command in
            command.configuration.commandName
        }
        let tried = RawArguments.text.first { !$0.hasPrefix("-") }
        guard let tried, names.contains(tried) else { return "vdb --help" }
        return "vdb \(tried) --help"
    }
}
