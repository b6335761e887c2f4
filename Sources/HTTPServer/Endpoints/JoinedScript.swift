/// The page's modules as one script: each becomes a function that returns what the module exports.
///
/// It knows what these modules use: imports of names on one line, and exported declarations.
enum JoinedScript {
    struct Module {
        let name: String
        let text: String
    }

    /// - Parameter modules: each after those that it imports.
    static func text(_ modules: [Module]) -> String {
        modules.map(function).joined(separator: "\n")
    }

    private static func function(_ module: Module) -> String {
        var exported: [Substring] = []
        let lines = module.text.split(separator: "\n", omittingEmptySubsequences: false)
            .map { line -> String in
                if let (_, names, name) = line.wholeMatch(
                    of: /import \{ (.+) \} from "\.\/(\w+)\.js";/)?.output
                {
                    return "const { \(names.replacing(" as ", with: ": ")) } = \(name)Module;"
                }
                guard
                    let (_, name) = line.prefixMatch(
                        of: /export (?:async )?(?:const|function|class) (\w+)/)?.output
                else { return String(line) }
                exported.append(name)
                return String(line.dropFirst("export ".count))
            }
        return """
            const \(module.name)Module = (() => {
            \(lines.joined(separator: "\n"))
            return { \(exported.joined(separator: ", ")) };
            })();
            """
    }
}
