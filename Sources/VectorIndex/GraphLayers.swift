import CVectorKernels
import RandomNumbers
import VectorMath

/// The links of a graph, as pointers into memory that the owner keeps alive: a mapped file, or a
/// builder's arrays.
///
///     layer 0:  node = slot           links at layer0 + slot * 2m        (2m links)
///     layer L:  node = upper ordinal  links at upper + (first[node] + L - 1) * m   (m links)
///
/// One node in m has layers above 0. These nodes have numbers of their own ("upper ordinals"), and
/// `slots` maps such a number to the slot of its vector.
///
/// Invariants (`checkInvariants` verifies them; a walk does not rely on 2):
/// 1. `slots`, `levels` and `first` are consistent: every slot is below `count`, and every block of
/// links is inside `upper`. They are few, and checked when a file is opened.
/// 2. A list of links ends at the first value that is not a node (`noNode`), or when it is full. A
/// walk treats any number past the last node as the end, so a damaged link can mislead but not
/// trap.
struct GraphLayers {
    static let noNode = UInt32.max
    /// Node ids leave one bit for the mark of expanded entries.
    static let nodeLimit = Int(Int32.max)

    let count: Int
    let m: Int
    let layer0: UnsafePointer<UInt32>
    let upperCount: Int
    let slots: UnsafePointer<UInt32>
    let levels: UnsafePointer<UInt8>
    let first: UnsafePointer<UInt32>
    let upper: UnsafePointer<UInt32>
    /// The node where a search begins: an upper ordinal if there are upper layers, else a slot.
    let entry: Entry

    enum Entry: Equatable {
        case empty
        case bottom(slot: UInt32)
        case upper(ordinal: UInt32, level: Int)
    }

    var bottomLevel: Layer {
        Layer(level: 0, degree: 2 * m, count: count, graph: self)
    }

    func layer(_ level: Int) -> Layer {
        level == 0 ? bottomLevel : Layer(level: level, degree: m, count: upperCount, graph: self)
    }

    /// One layer of the graph.
    struct Layer {
        let level: Int
        let degree: Int
        /// Node numbers are below this.
        let count: Int
        let graph: GraphLayers

        @inline(__always)
        func links(of node: UInt32) -> UnsafePointer<UInt32>? {
            if level == 0 { return graph.layer0 + Int(node) * degree }
            guard graph.levels[Int(node)] >= level else { return nil }
            return graph.upper + (Int(graph.first[Int(node)]) + level - 1) * degree
        }

        @inline(__always)
        func prefetchLinks(of node: UInt32) {
            if let links = links(of: node) {
                vk_prefetch_bytes(links, degree * MemoryLayout<UInt32>.stride)
            }
        }

        /// The slot of the node's vector.
        @inline(__always)
        func slot(of node: UInt32) -> UInt32 { level == 0 ? node : graph.slots[Int(node)] }

        /// The links of a node, up to the end of its list.
        func list(of node: UInt32) -> UnsafeBufferPointer<UInt32> {
            guard let links = links(of: node) else { return .init(start: nil, count: 0) }
            var length = 0
            while length < degree && links[length] < count { length += 1 }
            return UnsafeBufferPointer(start: links, count: length)
        }
    }

    /// The level of a label's node: geometrically distributed with ratio 1/m, and a function of the
    /// label alone, so that it depends neither on the order of insertion nor on the number of
    /// threads.
    static func level(ofLabel label: Int64, m: Int) -> Int {
        var generator = SeededGenerator(seed: UInt64(bitPattern: label))
        var bits = generator.next()
        var level = 0
        // Each further layer needs the next digit, in base m, to be zero.
        while level < 12, bits % UInt64(m) == 0 {
            bits /= UInt64(m)
            level += 1
        }
        return level
    }
}
