import VectorMath

/// An array of plain values in aligned memory, accessed by pointer.
///
/// Growing moves it and invalidates earlier pointers.
struct AlignedArray<Element: BitwiseCopyable> {
    private var memory: AlignedMemory
    private(set) var count: Int
    private(set) var capacity: Int

    init(capacity: Int = 0) {
        memory = AlignedMemory(byteCount: capacity * MemoryLayout<Element>.stride)
        (count, self.capacity) = (0, capacity)
    }

    init(repeating element: Element, count: Int) {
        self.init(capacity: count)
        resize(to: count, filling: element)
    }

    init(_ elements: [Element]) {
        self.init(capacity: elements.count)
        elements.withUnsafeBufferPointer { append(contentsOf: $0) }
    }

    /// Valid until the array grows or is deallocated.
    var pointer: UnsafeMutablePointer<Element> {
        memory.base.assumingMemoryBound(to: Element.self)
    }

    var bytes: UnsafeRawBufferPointer {
        UnsafeRawBufferPointer(start: memory.base, count: count * MemoryLayout<Element>.stride)
    }

    subscript(index: Int) -> Element {
        get {
            precondition(index >= 0 && index < count)
            return pointer[index]
        }
        nonmutating set {
            precondition(index >= 0 && index < count)
            pointer[index] = newValue
        }
    }

    mutating func reserve(_ wanted: Int) {
        guard wanted > capacity else { return }
        let larger = AlignedMemory(byteCount: wanted * MemoryLayout<Element>.stride)
        larger.base.copyMemory(from: memory.base, byteCount: count * MemoryLayout<Element>.stride)
        (memory, capacity) = (larger, wanted)
    }

    /// Grows by at least half when there is no room.
    mutating func resize(to newCount: Int, filling element: Element) {
        if newCount > capacity { reserve(max(newCount, capacity + capacity / 2)) }
        if newCount > count {
            (pointer + count).initialize(repeating: element, count: newCount - count)
        }
        count = newCount
    }

    mutating func append(_ element: Element) { resize(to: count + 1, filling: element) }

    /// Adds elements that were written behind the last one, within the capacity, to the count.
    @inline(__always)
    mutating func extendWithinCapacity(by added: Int) { count += added }

    /// Removes all but the first `kept` elements, of at least so many.
    mutating func truncate(to kept: Int) { count = min(count, kept) }

    /// Removes all elements and keeps the memory.
    mutating func removeAll() { count = 0 }

    mutating func append(contentsOf source: UnsafeBufferPointer<Element>) {
        guard let from = source.baseAddress, !source.isEmpty else { return }
        let start = count
        if start + source.count > capacity {
            reserve(max(start + source.count, capacity + capacity / 2))
        }
        count = start + source.count
        (pointer + start).update(from: from, count: source.count)
    }
}
