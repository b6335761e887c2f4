/// Collects the text of single elements of an XML document, such as a title among the properties.
final class ElementText: MarkupHandler {
    /// The text of the first element of each name.
    private(set) var values: [String: String] = [:]
    /// Attributes of all elements of a name, in order.
    private(set) var attributes: [String: [[String: String]]] = [:]

    private let names: Set<String>
    private let wanted: [String: [String]]
    private var current: (name: String, text: [UInt8])?

    private static let longest = 1000
    private static let mostElements = 65_536

    /// - Parameters:
    ///   - names: elements whose text is collected.
    ///   - attributes: names of attributes that are collected, by the element's name.
    init(text names: Set<String>, attributes: [String: [String]] = [:]) {
        self.names = names
        wanted = attributes
    }

    func start(_ name: String, _ attributes: MarkupAttributes) {
        if current == nil, names.contains(name), values[name] == nil { current = (name, []) }
        if let keys = wanted[name], self.attributes[name, default: []].count < Self.mostElements {
            var found: [String: String] = [:]
            for key in keys { found[key] = attributes[key] }
            self.attributes[name, default: []].append(found)
        }
    }

    func end(_ name: String) {
        guard let current, current.name == name else { return }
        values[name] = current.text.joinedByWords
        self.current = nil
    }

    func text(_ bytes: UnsafeBufferPointer<UInt8>) {
        if let count = current?.text.count, count < Self.longest { current?.text += bytes }
    }
}
