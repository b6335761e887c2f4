/// A matrix operand: `value` as stored, `[rows, columns]`, or its transpose if `transposed`.
package struct Operand {
    package let value: Value
    package let transposed: Bool
    package init(_ value: Value, transposed: Bool = false) {
        self.value = value
        self.transposed = transposed
    }
}

/// The only interface between operations and the hardware that runs them.
///
/// Operations define what is computed and how gradients flow; a backend owns memory and loops. The
/// only one so far is the processor (`CPUBackend`); another device is another conformance, without
/// changes to layers or losses. Every method computes the same result for the same input,
/// independent of the timing of its threads.
package protocol Backend: AnyObject {
    // Memory.
    func buffer(count: Int) -> Buffer
    func zeros(count: Int) -> Buffer
    func buffer(_ values: [Float]) -> Buffer
    func copy(_ buffer: Buffer) -> Buffer
    func narrowed(_ floats: Buffer) -> Buffer
    func widened(_ halves: Buffer) -> Buffer
    /// Called between steps.
    func trim()
    var peakBytes: Int { get }

    // Sums and rows.
    func add(_ x: Buffer, times factor: Float, to y: Buffer)
    func sum(_ a: Buffer, _ b: Buffer) -> Buffer
    func scale(_ x: Buffer, by factor: Float)
    /// factors[r] * x[r] of every row.
    func scaledRows(_ x: Buffer, by factors: Buffer) -> Buffer
    func gather(_ x: Value, rows: [Int32], columns: Int) -> Buffer
    /// target[rows[r]] += gradient[r]; rows may repeat.
    func scatter(_ gradient: Buffer, rows: [Int32], columns: Int, to target: Buffer)
    func addBias(_ bias: Buffer, to y: Buffer)
    func sumRows(_ x: Buffer, columns: Int, to sums: Buffer)
    func dropout(_ x: Buffer, seed: UInt64, rate: Float) -> Buffer

    /// Lets products with a frozen matrix be computed in eight bits; does nothing for other parameters,
    /// and for matrices whose sides are no multiples of 32.
    func quantize(_ parameter: Parameter)

    // Products: c `[m, n]` = or += factor * a `[m, k]` b `[k, n]`.
    func multiply(
        _ a: Operand, _ b: Operand, m: Int, n: Int, k: Int, factor: Float, into c: Buffer,
        accumulate: Bool, precision: ComputePrecision)

    // Layers. x `[rows, columns]`, scale `[rows]`. `precision` is that of the products that read the
    // result: with bfloat16 it is rounded, if the backend has such products.
    func rmsNorm(_ x: Buffer, weight: Buffer, epsilon: Float, precision: ComputePrecision) -> (
        y: Buffer, scale: Buffer
    )
    func rmsNormAgain(_ x: Buffer, weight: Buffer, scale: Buffer, precision: ComputePrecision)
        -> Buffer
    /// Overwrites `input`, or adds to it if `accumulate`; adds to `weightGradient`.
    func rmsNormBackward(
        _ gradient: Buffer, x: Buffer, weight: Buffer, scale: Buffer, input: Buffer?,
        accumulate: Bool, weightGradient: Buffer?)
    func swiglu(_ gate: Value, _ up: Value, precision: ComputePrecision) -> Buffer
    func swigluBackward(_ gradient: Buffer, gate: Value, up: Value) -> (gate: Buffer, up: Buffer)
    /// Rotates with `direction` 1, and back with -1.
    func rotate(
        _ x: Buffer, positions: [Int32], table: RotaryTable, heads: Int, direction: Float
    ) -> Buffer
    /// - Parameter lastQueries: the number of queries, which are the last rows, of every sequence; nil
    ///   means that all rows are queries.
    func attention(
        query: Buffer, key: Buffer, value: Buffer, layout: SequenceLayout, lastQueries: Int?,
        shape: AttentionShape
    ) -> Buffer
    func attentionBackward(
        _ gradient: Buffer, query: Buffer, key: Buffer, value: Buffer, layout: SequenceLayout,
        lastQueries: Int?, shape: AttentionShape
    ) -> (query: Buffer, key: Buffer, value: Buffer)

    // Softmax over a vocabulary, in blocks of rows: logits = states weight^T, with states `[rows, H]`
    // and weight `[V, H]`.
    /// Overwrites `statesGradient` by each log probability's gradient with respect to its state,
    /// unless it is nil.
    func logProbability(
        states: Value, weight: Value, targets: [Int32], width: Int, statesGradient: Buffer?,
        precision: ComputePrecision
    ) -> (logProbabilities: Buffer, logSums: Buffer)
    /// Overwrites `statesGradient` and adds to `weightGradient`, unless they are nil.
    func logProbabilityBackward(
        _ gradient: [Float], states: Value, weight: Value, targets: [Int32], logSums: Buffer,
        width: Int, statesGradient: Buffer?, weightGradient: GradientSlot?,
        precision: ComputePrecision)
    func divergence(
        _ a: Value, _ b: Value, weight: Value, width: Int, isSymmetric: Bool,
        precision: ComputePrecision
    ) -> Buffer
    func divergenceBackward(
        _ gradient: [Float], _ a: Value, _ b: Value, weight: Value, width: Int, isSymmetric: Bool,
        precision: ComputePrecision
    ) -> (a: Buffer, b: Buffer)

    // Optimization.
    func sumOfSquares(_ x: Buffer) -> Double
    func adamW(
        _ parameter: Buffer, gradient: Buffer, first: Buffer, second: Buffer,
        _ step: AdamWStep)
}
