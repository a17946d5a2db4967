/** A 1 × 1 PNG; what is appended to it makes each upload another file. */
export const picture = (mark: string): Buffer =>
    Buffer.concat([
        Buffer.from(
            "iVBORw0KGgoAAAANSUhEUgAAAAEAAAABCAYAAAAfFcSJAAAADUlEQVR42mNkYPhfDwAChwGA60e6kgAAAABJRU5ErkJggg==",
            "base64",
        ),
        Buffer.from(mark),
    ]);
