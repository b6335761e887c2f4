/// A model that has a short name.
public struct KnownModel: Sendable, Equatable {
    public let name: String
    /// On the hub: `OWNER/REPO`.
    public let repository: String
    /// A commit, a tag or a branch.
    public let revision: String
    /// The file in the repository; nil for all that a model's folder holds.
    public let file: String?
    /// As SPDX writes it.
    public let license: String
    /// What it is good for, in one sentence.
    public let purpose: String
    /// How to get it without the hub; nil if there is no other way.
    public let otherSource: String?

    /// The only list of short names.
    public static let all = [
        KnownModel(
            name: "smollm2-135m", repository: "HuggingFaceTB/SmolLM2-135M-Instruct",
            revision: "main", file: nil, license: "Apache-2.0",
            purpose: "A small English language model: to train on, and to try things with.",
            otherSource: "make smollm2")
    ]

    public static func named(_ name: String) -> KnownModel? { all.first { $0.name == name } }
}
