import Foundation
import JSON

/// What goes into a database and what comes back: an identifier, a text, and what else is known.
///
/// ```swift
/// let note = Document(
///     id: "apples-1", text: "Bramleys keep until spring if they do not touch each other.",
///     title: "Storing apples", metadata: ["year": 2024, "draft": false])
/// ```
///
/// The text that is embedded is the title and the text with a space between them. Where
/// `vector` is given it is stored as it is and no model is asked.
public struct Document: Sendable, Equatable, Identifiable {
    /// Unique in its collection. Ingesting the same identifier again replaces the document.
    public var id: String
    /// May be empty.
    public var title: String
    public var text: String
    /// What filters compare; any JSON object.
    public var metadata: JSONObject
    /// A ready-made vector of the whole document, or `nil` to have the text encoded.
    public var vector: [Float]?
    /// How the text is cut, as it was in the database that it was exported from; `nil` leaves that to
    /// the ingest.
    public var passages: [Passage]?
    /// How the text is laid out, which decides whether and where it is cut into passages.
    public var layout: TextLayout
    /// Where it was read from; needed only to find out later what has gone from that source.
    public var source: Source?

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

    /// A piece of the text that has a vector of its own. It ends where the next one starts.
    public struct Passage: Sendable, Equatable {
        /// In bytes of UTF-8 from the text's start; 0 for the first.
        public var start: Int
        /// A ready-made vector, or `nil` to have the passage encoded.
        public var vector: [Float]?

        public init(start: Int, vector: [Float]? = nil) {
            self.start = start
            self.vector = vector
        }
    }

    /// The place a document was read from.
    public struct Source: Sendable, Hashable {
        /// A file, or any other name of a whole from which documents come.
        public var path: String
        /// The line, row or record in it, counted from 1.
        public var position: Int

        public init(path: String, position: Int) {
            self.path = path
            self.position = position
        }
    }
}

extension Document {
    /// (title + " " + text), trimmed: what is embedded for a document that is not cut in passages.
    package var embeddedText: String { Self.embeddedText(title: title, text: text) }

    package static func embeddedText(title: String, text: String) -> String {
        if title.isEmpty { return text.trimmingCharacters(in: .whitespacesAndNewlines) }
        return (title + " " + text).trimmingCharacters(in: .whitespacesAndNewlines)
    }
}
