import FileFormat
import Foundation
import JSON

/// The stages of a GGUF file's byte-level tokenizer: the file only has llama.cpp's name of a family
/// (`tokenizer.ggml.pre`); the stages are those of the family's tokenizer.json.
struct GGUFTokenizerFamily: Sendable {
    /// The normalizer and the pre-tokenizer, in the form of tokenizer.json.
    let normalizer: String?
    let preTokenizer: String
    /// Whether a piece that is a token as a whole is encoded as that token.
    var ignoresMerges = false
    /// Whether a text begins with the beginning-of-text token if the file does not say.
    var addsBeginning = false

    /// The families by the names in files.
    ///
    /// Converters wrote `default` before families had names, and write it for tokenizers that they
    /// do not recognize; transformers then assumes GPT-2's expression.
    static let families: [(names: [String], family: GGUFTokenizerFamily)] = [
        (
            [
                "default", "gpt-2", "phi-2", "jina-es", "jina-de", "gigachat", "jina-v2-es",
                "jina-v2-de", "a.x-4.0", "mellum", "modern-bert", "mpt", "olmo", "jais",
                "trillion", "exaone4", "roberta-bpe", "granite-docling",
            ],
            GGUFTokenizerFamily(normalizer: nil, preTokenizer: byteLevel(usesExpression: true))
        ),
        (
            [
                "llama-bpe", "llama3", "llama-v3", "falcon3", "falcon-h1", "pixtral", "midm-2.0",
                "lfm2",
            ],
            GGUFTokenizerFamily(
                normalizer: nil, preTokenizer: split(words(digits: #"\p{N}{1,3}"#)),
                ignoresMerges: true, addsBeginning: true)
        ),
        (
            ["dbrx", "smaug-bpe", "chatglm-bpe", "glm4"],
            GGUFTokenizerFamily(
                normalizer: nil, preTokenizer: split(words(digits: #"\p{N}{1,3}"#)))
        ),
        (
            ["qwen2", "deepseek-r1-qwen", "kormo", "megrez"],
            GGUFTokenizerFamily(
                normalizer: #"{"type":"NFC"}"#, preTokenizer: split(words(digits: #"\p{N}"#)))
        ),
        (
            ["stablelm2", "hunyuan", "grok-2", "solar-open"],
            GGUFTokenizerFamily(normalizer: nil, preTokenizer: split(words(digits: #"\p{N}"#)))
        ),
        (
            ["smollm", "starcoder", "refact", "codeshell", "exaone", "minerva-7b"],
            GGUFTokenizerFamily(normalizer: nil, preTokenizer: digitsThenByteLevel)
        ),
        (
            ["command-r"],
            GGUFTokenizerFamily(
                normalizer: #"{"type":"NFC"}"#, preTokenizer: digitsThenByteLevel)
        ),
        (
            ["tekken"],
            GGUFTokenizerFamily(
                normalizer: nil, preTokenizer: split(cased(digits: #"\p{N}"#, contraction: "")),
                ignoresMerges: true, addsBeginning: true)
        ),
        (
            ["gpt-4o", "llama4", "kanana2"],
            GGUFTokenizerFamily(
                normalizer: nil,
                preTokenizer: split(
                    cased(
                        digits: #"\p{N}{1,3}"#, contraction: #"(?i:'s|'t|'re|'ve|'m|'ll|'d)?"#)))
        ),
        (
            ["deepseek-coder"],
            GGUFTokenizerFamily(
                normalizer: nil,
                preTokenizer: sequence([
                    isolated(#"[\r\n]"#), isolated(#"\s?\p{L}+"#), isolated(#"\s?\p{P}+"#),
                    isolated("[\u{4E00}-\u{9FA5}\u{800}-\u{4E00}\u{AC00}-\u{D7FF}]+"),
                    #"{"type":"Digits","individual_digits":true}"#,
                    byteLevel(usesExpression: false),
                ]))
        ),
    ]

    /// The family of that name; nil if it is unknown.
    static func named(_ name: String) -> GGUFTokenizerFamily? {
        families.first { $0.names.contains(name) }?.family
    }

    // MARK: Stages

    private static let digitsThenByteLevel = sequence([
        #"{"type":"Digits","individual_digits":true}"#, byteLevel(usesExpression: true),
    ])

    /// The expression of Llama 3 and of Qwen, which differ in the number of digits in a piece.
    private static func words(digits: String) -> String {
        #"(?i:'s|'t|'re|'ve|'m|'ll|'d)|[^\r\n\p{L}\p{N}]?\p{L}+|"# + digits
            + #"| ?[^\s\p{L}\p{N}]+[\r\n]*|\s*[\r\n]+|\s+(?!\S)|\s+"#
    }

    /// The expression of GPT-4o and of newer Mistral models, which split a word before a capital
    /// letter.
    private static func cased(digits: String, contraction: String) -> String {
        let (upper, lower) = (#"[\p{Lu}\p{Lt}\p{Lm}\p{Lo}\p{M}]"#, #"[\p{Ll}\p{Lm}\p{Lo}\p{M}]"#)
        let start = #"[^\r\n\p{L}\p{N}]?"#
        return "\(start)\(upper)*\(lower)+\(contraction)|\(start)\(upper)+\(lower)*\(contraction)|"
            + digits + #"| ?[^\s\p{L}\p{N}]+[\r\n/]*|\s*[\r\n]+|\s+(?!\S)|\s+"#
    }

    private static func split(_ expression: String) -> String {
        sequence([isolated(expression), byteLevel(usesExpression: false)])
    }

    private static func isolated(_ expression: String) -> String {
        #"{"type":"Split","pattern":{"Regex":\#(JSONWriter.quoted(expression))},"#
            + #""behavior":"Isolated","invert":false}"#
    }

    private static func byteLevel(usesExpression: Bool) -> String {
        #"{"type":"ByteLevel","add_prefix_space":false,"trim_offsets":true,"use_regex":"#
            + "\(usesExpression)}"
    }

    private static func sequence(_ stages: [String]) -> String {
        #"{"type":"Sequence","pretokenizers":["# + stages.joined(separator: ",") + "]}"
    }

    static let byteLevelDecoder =
        #"{"type":"ByteLevel","add_prefix_space":true,"trim_offsets":true,"use_regex":true}"#

    /// - Parameter prepends: whether a space is put before the text, so that its first word is
    ///   encoded like the others.
    static func sentencePieceNormalizer(prepends: Bool) -> String {
        let replace = #"{"type":"Replace","pattern":{"String":" "},"content":"▁"}"#
        guard prepends else { return replace }
        return #"{"type":"Sequence","normalizers":[{"type":"Prepend","prepend":"▁"},\#(replace)]}"#
    }

    /// - Parameter strips: whether the space that was put before the text is removed.
    static func sentencePieceDecoder(strips: Bool) -> String {
        let strip = strips ? #",{"type":"Strip","content":" ","start":1,"stop":0}"# : ""
        return #"{"type":"Sequence","decoders":[{"type":"Replace","pattern":{"String":"▁"},"#
            + #""content":" "},{"type":"ByteFallback"},{"type":"Fuse"}\#(strip)]}"#
    }
}
