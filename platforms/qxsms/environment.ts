import type { NetworkRule, SecretRef, Setting } from "../../components/graph";
import { outgoingMail } from "../../components/mail";
import type { QxsmsConfig, QxsmsInstance } from "./config";
import { paths } from "./paths";

type Environment = Readonly<Record<string, Setting>>;

/** QxSMS's environment: https://github.com/CDSP-SCPO/WPSS-for-ESS-webpanel/blob/gh-release/qxsms/settings.py */
export interface Environments {
    /** The variables needed to load the settings, for Tasks, which run again when theirs change. */
    readonly basic: Environment;
    /** All variables, the same for web and worker. */
    readonly full: Environment;
    /** Password of the first account, if it is generated. */
    readonly adminPassword: SecretRef | undefined;
    /** The way to the mail server. */
    readonly smtp: readonly NetworkRule[];
}

/** Qualtrics identifiers: key in `qualtrics`, alternative secret, variable. */
const identifiers = [
    ["directoryId", "qualtricsDirectoryId", "QXSMS_DIRECTORY_ID"],
    ["libraryId", "qualtricsLibraryId", "QXSMS_LIBRARY_ID"],
    ["surveyId", "qualtricsSurveyId", "QXSMS_SEND_SURVEY"],
] as const;

/** Declares and references the Secrets of an instance; reports missing ones. */
export function environments(instance: QxsmsInstance, settings: QxsmsConfig): Environments {
    const { owner } = instance;
    const { secretKey } = instance.secret(owner, "qxsms", {
        secretKey: instance.password("secret-key", "qxsmsSecretKey", 50),
    });
    const basic: Environment = {
        QXSMS_SECRET_KEY: secretKey,
        // The image's script compares it as a number.
        QXSMS_DEBUG: settings.debug ? "1" : "0",
        // Any other value keeps the password rules and the logs.
        QXSMS_ENV: settings.debug ? "development" : "production",
        PYTHONPATH: paths.home,
        PYTHONUNBUFFERED: "1",
        PYTHONDONTWRITEBYTECODE: "1",
        HOME: "/tmp",
    };
    const adminPassword =
        settings.administrator?.account === "generated"
            ? instance.secret(owner, "administrator", {
                  password: instance.password("admin-password", "adminPassword"),
              }).password
            : undefined;
    const ofQualtrics = qualtrics(instance, settings);
    const smtp = outgoingMail(instance, settings.mail);
    return {
        basic,
        full: {
            ...basic,
            ...ofQualtrics,
            ...mail(instance, settings, smtp.password),
            ...admins(instance, settings),
        },
        adminPassword,
        smtp: smtp.networkRules,
    };
}

function qualtrics(instance: QxsmsInstance, { qualtrics: plain }: QxsmsConfig): Environment {
    const given = { apiKey: instance.secretValue("qualtricsApiKey") };
    const secrets = Object.fromEntries(
        [
            ["apiKey", given.apiKey] as const,
            ...identifiers.map(([key, secret]) => [key, instance.secretValue(secret)] as const),
        ].flatMap(([key, value]) => (value ? [[key, value] as const] : [])),
    );
    const refs = Object.keys(secrets).length > 0 ? instance.secret<string>(instance.owner, "qualtrics", secrets) : {};
    const missing: string[] = given.apiKey ? [] : [instance.howToSet("qualtricsApiKey")];
    const environment: Record<string, Setting> = { QXSMS_QX_DOMAIN: plain.dataCentre };
    if (refs["apiKey"]) environment["QXSMS_API_KEY"] = refs["apiKey"];
    for (const [key, secret, variable] of identifiers) {
        const value = plain[key] ?? refs[key];
        if (plain[key] !== undefined && refs[key])
            instance.problem(
                ["qualtrics", key],
                `is set here and as ${secret} in plinth:secrets; allowed: only one of the two`,
            );
        if (value === undefined) missing.push(`qualtrics.${key}`);
        else environment[variable] = value;
    }
    if (missing.length > identifiers.length)
        instance.warn(
            "Qualtrics is not configured: no survey can be sent (qualtrics, and qualtricsApiKey in plinth:secrets)",
        );
    else if (missing.length > 0)
        instance.problem(
            ["qualtrics"],
            `is incomplete; missing: ${missing.join(", ")}`,
            given.apiKey ? [] : ["qualtricsApiKey"],
        );
    return environment;
}

function mail(
    instance: QxsmsInstance,
    { mail: settings, debug }: QxsmsConfig,
    password: SecretRef | undefined,
): Environment {
    if (!settings) {
        if (!debug)
            instance.problem(
                ["mail"],
                "is missing: passwords, changes of addresses and errors are mailed; required: at least host and from",
            );
        return {};
    }
    const { host, port, username, from, fromName, replyTo, subjectPrefix } = settings;
    return {
        QXSMS_SMTP_SERVER: host,
        QXSMS_SMTP_PORT: String(port),
        QXSMS_QX_EMAIL_FROM: from,
        QXSMS_QX_EMAIL_FROM_NAME: fromName,
        QXSMS_EMAIL_SUBJECT_PREFIX: subjectPrefix ?? `[${fromName}] `,
        ...(replyTo ? { QXSMS_QX_EMAIL_REPLY: replyTo } : {}),
        ...(username !== undefined && password ? { EMAIL_HOST_USER: username, EMAIL_HOST_PASSWORD: password } : {}),
    };
}

function admins(instance: QxsmsInstance, { administrator, mail: settings, debug }: QxsmsConfig): Environment {
    if (!administrator) {
        if (!debug)
            instance.problem(
                ["administrator"],
                "is missing: errors are mailed to its address; required: at least email",
            );
        return {};
    }
    if (administrator.account === "mailed" && !settings)
        instance.problem(
            ["administrator", "account"],
            '"mailed" is not allowed without mail; allowed: none, generated',
        );
    return { DJANGO_ADMIN_NAME: administrator.name, DJANGO_ADMIN_EMAIL: administrator.email };
}
