import Tokenization

/// Matches keys of `adapter_config.json` against a model's modules as PEFT does. Modules have
/// dotted names: `model.layers.0.self_attn.q_proj`.
///
/// Source: `get_pattern_key` and `check_target_module_exists` in PEFT 0.21.
enum ModulePattern: Sendable {
    /// A name in which a dot matches any character, as in a regular expression. Most keys are
    /// names; an EVA adapter has one for each module.
    case name([UInt8])
    case expression(WholeTextPattern)

    /// A key of `rank_pattern` or `alpha_pattern`: Python's `(.*\.)?(key)$`, matched from the start
    /// of the name.
    init(key: String) throws(TokenizerError) {
        let isName = key.utf8.allSatisfy { byte in
            switch byte {
            case UInt8(ascii: "a")...UInt8(ascii: "z"), UInt8(ascii: "A")...UInt8(ascii: "Z"),
                UInt8(ascii: "0")...UInt8(ascii: "9"), UInt8(ascii: "_"), UInt8(ascii: "-"),
                UInt8(ascii: "."):
                true
            default: false
            }
        }
        self =
            isName ? .name(Array(key.utf8)) : .expression(try WholeTextPattern("(.*\\.)?(\(key))"))
    }

    func matches(_ module: String) -> Bool {
        switch self {
        case .expression(let expression): return expression.matches(module)
        case .name(let key):
            let dot = UInt8(ascii: ".")
            let module = Array(module.utf8)
            let start = module.count - key.count
            guard start == 0 || start > 0 && module[start - 1] == dot else { return false }
            return zip(key, module[start...]).allSatisfy { $0 == dot || $0 == $1 }
        }
    }
}

/// The values that `rank_pattern` or `alpha_pattern` assigns to modules, in file order.
struct ModuleValues<Value: Sendable>: Sendable {
    private var entries: [(pattern: ModulePattern, value: Value)] = []

    var isEmpty: Bool { entries.isEmpty }

    mutating func add(_ key: String, _ value: Value) throws(TokenizerError) {
        entries.append((try ModulePattern(key: key), value))
    }

    /// The value of the first key that matches; nil if none does.
    subscript(module: String) -> Value? {
        entries.first { $0.pattern.matches(module) }?.value
    }
}

/// Names of modules, or one regular expression: `target_modules`, `exclude_modules`.
enum ModuleNames: Sendable {
    /// Matches a module that has one of these names, or ends with a dot and one of them.
    case list([String])
    case expression(WholeTextPattern)

    func contains(_ module: String) -> Bool {
        switch self {
        case .list(let names):
            names.contains { module.hasBytes($0) || module.hasByteSuffix(".\($0)") }
        case .expression(let expression): expression.matches(module)
        }
    }
}

/// The modules that an adapter changes.
struct ModuleSelection: Sendable {
    /// No module.
    static let none = ModuleSelection(targets: .list([]))

    /// Nil selects every linear layer of the model except its head.
    var targets: ModuleNames?
    var excluded: ModuleNames?
    /// Modules that `modules_to_save` replaces as a whole, which have no low-rank change: PEFT's
    /// `(^|.*\.)name($|\..*)`.
    var saved: [WholeTextPattern] = []
    /// Layer numbers; nil selects all. Ignored if `targets` is an expression.
    var layers: [Int]?
    /// Names of the list of layers, each `(?:^|.*?\.)name\.[0-9]+\.` at the start of the module's
    /// name; empty matches any.
    var layerLists: [WholeTextPattern] = []

    func contains(_ module: String) -> Bool {
        if let excluded, excluded.contains(module) { return false }
        if saved.contains(where: { $0.matches(module) }) { return false }
        switch targets {
        case .expression(let expression): return expression.matches(module)
        case nil where module == "lm_head" || module.hasByteSuffix(".lm_head"): return false
        case .list, nil:
            guard targets?.contains(module) ?? true else { return false }
            guard let layers else { return true }
            guard let layer = layer(of: module) else { return false }
            return layers.contains(layer)
        }
    }

    /// The number between dots, of which module names of decoder-only models have at most one.
    /// Without `layers_pattern`, PEFT requires two names before it: `.*?\.[^.]*\.(?P<idx>\d+)\.`.
    private func layer(of module: String) -> Int? {
        let parts = module.split(separator: ".", omittingEmptySubsequences: false)
        let first = layerLists.isEmpty ? 2 : 1
        guard layerLists.isEmpty || layerLists.contains(where: { $0.matches(module) }),
            parts.count > first
        else { return nil }
        return parts[first..<parts.count - 1].lazy.compactMap { Int($0) }.first
    }
}

extension String {
    /// Compares names by bytes; Swift's `==` treats canonically equivalent ones as equal.
    func hasBytes(_ other: String) -> Bool { utf8.elementsEqual(other.utf8) }

    func hasByteSuffix(_ suffix: String) -> Bool {
        utf8.count >= suffix.utf8.count
            && utf8.suffix(suffix.utf8.count).elementsEqual(suffix.utf8)
    }
}
