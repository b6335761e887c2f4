import ArgumentParser

/// `vdb completions`: prints a completion script for a shell.
struct CompletionsCommand: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "completions", abstract: "Print a completion script for a shell.",
        discussion: """
            Examples:
              vdb completions bash > ~/.local/share/bash-completion/completions/vdb
              vdb completions zsh > ~/.zfunc/_vdb
              vdb completions fish > ~/.config/fish/completions/vdb.fish
            """)

    enum Shell: String, ExpressibleByArgument, CaseIterable { case bash, zsh, fish }

    @Argument(help: "The shell.")
    var shell: Shell

    func run() throws {
        let target: CompletionShell =
            switch shell {
            case .bash: .bash
            case .zsh: .zsh
            case .fish: .fish
            }
        Output.line(VDB.completionScript(for: target))
    }
}
