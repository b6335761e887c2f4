/// A model with a short name.
public struct KnownModel: Sendable, Equatable {
    /// The short name that commands accept in place of `repository`.
    public let name: String
    /// The repository on the Hugging Face Hub, `OWNER/REPO`.
    public let repository: String
    /// A commit, a tag or a branch.
    public let revision: String
    /// The file in the repository; nil for all files of a model folder.
    public let file: String?
    /// The license as an SPDX identifier.
    public let license: String
    /// What the model is for, in one sentence.
    public let purpose: String
    /// A command that gets the model without the hub; nil if there is none.
    public let otherSource: String?

    /// The only list of short names.
    public static let all = [
        KnownModel(
            name: "smollm2-135m", repository: "HuggingFaceTB/SmolLM2-135M-Instruct",
            revision: "main", file: nil, license: "Apache-2.0",
            purpose:
                "A small English language model, with vdb's adapter that makes it an embedder.",
            otherSource: "make smollm2")
    ]

    /// As `vdb model add` takes it.
    public var source: String { "hf:\(repository)@\(revision)" + (file.map { ":\($0)" } ?? "") }

    /// The model with that short name; nil if there is none.
    public static func named(_ name: String) -> KnownModel? { all.first { $0.name == name } }
}
