import { type Text, wordsOf } from "./text";

const { text } = wordsOf<"aws.config">();

/** Configuration of the AWS command line: buckets as part of the path, or as it chooses. */
export const awsConfig = (pathStyle: boolean): Text<"aws.config"> =>
    pathStyle
        ? text`[default]\ns3 =\n    addressing_style = path\n`
        : text`[default]\ns3 =\n    addressing_style = auto\n`;

/**
 * The same for programs that give URLs. By default, boto3 signs those of `us-east-1` in an old way, which not all
 * servers accept.
 */
export const awsSigningConfig = (pathStyle: boolean): Text<"aws.config"> =>
    text`${awsConfig(pathStyle)}    signature_version = s3v4\n`;
