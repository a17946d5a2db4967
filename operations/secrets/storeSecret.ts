import type { SecretName } from "../../config/problems";
import type { Session } from "../session";

/**
 * Stores a value in the file of a stack that the engine knows, encrypted by the engine. It is passed on standard input,
 * so that it is not visible to others.
 *
 * @throws EngineError if the engine fails
 */
export async function storeSecret(session: Session, { instance, key }: SecretName, value: string): Promise<void> {
    const pulumi = await session.pulumi();
    await pulumi.read(["config", "set", "--secret", "--path", `plinth:secrets.${instance}.${key}`], { input: value });
}
