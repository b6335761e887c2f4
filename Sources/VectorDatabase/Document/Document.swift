import Foundation
import JSON

/// A document as it is ingested and read back: an id, a text, and optional metadata.
///
/// ```swift
/// let note = Document(
///     id: "apples-1", text: "Bramleys keep until spring if they do not touch each other.",
///     title: "Storing apples", metadata: ["year": 2024, "draft": false])
/// ```
///
/// The title and the text, joined by a space, are embedded. If ``vector`` is set, it is stored as
/// it is and no model is needed.
public struct Document: Sendable, Equatable, Identifiable {
    /// Unique in its collection, compared byte by byte, not empty, without NUL characters.
    /// Ingesting an id again replaces its document, unless ``IngestOptions/onConflict`` says
    /// otherwise.
    public var id: String
    /// Embedded and indexed along with the text. May be empty.
    public var title: String
    /// The text that is embedded, indexed and returned with hits. It may be empty if ``vector`` is set.
    public var text: String
    /// The fields that a ``Filter`` compares: any JSON object.
    public var metadata: JSONObject
    /// A ready-made vector of the whole document, which is then not cut; `nil` to have the text
    /// encoded.
    public var vector: [Float]?
    /// How the text is cut into passages. Set by readers of an export, to restore the original
    /// cuts; `nil` leaves that to ``IngestOptions/chunking``.
    public var passages: [Passage]?
    /// How the text is laid out, which determines whether and where it may be cut. Not stored.
    public var layout: TextLayout
    /// The file or other source that the document was read from. Needed only for
    /// ``IngestOptions/synchronizedSources``.
    public var source: Source?

    /// Creates a document with an id, a text, and whatever else is known of it.
    public init(
        id: String, text: String, title: String = "", metadata: JSONObject = [:],
        vector: [Float]? = nil, source: Source? = nil, layout: TextLayout = .record
    ) {
        self.id = id
        self.text = text
        self.title = title
        self.metadata = metadata
        self.vector = vector
        self.source = source
        self.layout = layout
    }

    /// A piece of the text that has its own vector. It ends where the next one starts.
    public struct Passage: Sendable, Equatable {
        /// Offset in the document's text in bytes of UTF-8; 0 for the first passage, rising.
        public var start: Int
        /// A ready-made vector, or `nil` to have the passage encoded.
        public var vector: [Float]?

        /// Creates a passage that starts at a byte offset.
        public init(start: Int, vector: [Float]? = nil) {
            self.start = start
            self.vector = vector
        }
    }

    /// The place that a document was read from.
    public struct Source: Sendable, Hashable {
        /// The absolute path of a file, or another name for a source of documents.
        public var path: String
        /// The line, row or record in the source, counted from 1.
        public var position: Int

        /// Creates a source.
        public init(path: String, position: Int) {
            self.path = path
            self.position = position
        }
    }
}

extension Document {
    /// The text to embed for a document that is not cut: title + " " + text, trimmed.
    package var embeddedText: String { Self.embeddedText(title: title, text: text) }

    package static func embeddedText(title: String, text: String) -> String {
        let whole = title.isEmpty ? text : title + " " + text
        // Foundation makes a set of characters each time, and most texts have nothing to trim.
        let isBare = [whole.utf8.first, whole.utf8.last].allSatisfy { byte in
            byte.map { 0x21...0x7E ~= $0 } ?? true
        }
        return isBare ? whole : whole.trimmingCharacters(in: .whitespacesAndNewlines)
    }
}
